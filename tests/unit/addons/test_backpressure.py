"""Whether an answer can go on."""

from __future__ import annotations

import pytest
from mitmproxy.test.tflow import tclient_conn

from understudy.addons.backpressure import Backpressure, Recipient


@pytest.mark.parametrize(("error", "gone"), [(None, False), (ConnectionResetError(), True)])
async def test_a_client_is_waited_for_or_gone(error: OSError | None, gone: bool) -> None:
    asked: list[str] = []

    async def drain(client_id: str) -> None:
        asked.append(client_id)
        if error:
            raise error

    recipient = Recipient(tclient_conn())
    await Backpressure(drain).drain_client(recipient)
    assert (asked, recipient.is_gone) == ([recipient.client.id], gone)
