"""Waiting for clients that read slowly."""

from __future__ import annotations

import pytest
from mitmproxy.test.tflow import tclient_conn

from understudy.addons.backpressure import Backpressure, Recipient


@pytest.mark.parametrize(("error", "is_gone"), [(None, False), (ConnectionResetError(), True)])
async def test_waiting_ends_when_the_client_reads_or_has_left(error: OSError | None, is_gone: bool) -> None:
    drained: list[str] = []

    async def drain(client_id: str) -> None:
        drained.append(client_id)
        if error:
            raise error

    recipient = Recipient(tclient_conn())
    await Backpressure(drain).drain_client(recipient)
    assert (drained, recipient.is_gone) == ([recipient.client.id], is_gone)
