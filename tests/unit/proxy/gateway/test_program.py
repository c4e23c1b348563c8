"""The gateway checks mitmproxy before it does anything else."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from mitmproxy import version
from mitmproxy.proxy.layers.http import HttpStream

from understudy.addons.patches.versions import UnsupportedMitmproxy
from understudy.proxy.gateway.program import GatewayProgram
from understudy.proxy.gateway.settings import GatewaySettings
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.repositories.store import Store


async def test_a_gateway_does_not_start_if_mitmproxy_lacks_a_name(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even its CA folder is made; a minor version that was not tested is logged first."""
    monkeypatch.delattr(HttpStream, "flow_done")
    monkeypatch.setattr(version, "VERSION", "12.9.1")
    settings = GatewaySettings("127.0.0.1", 0, None, Path("/nonexistent"))
    program = GatewayProgram(store, settings, GatewayState(Mode.PASS))
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(
            UnsupportedMitmproxy, match=r"^mitmproxy 12\.9\.1 has no \S+\.HttpStream\.flow_done\(self\): this"
        ),
    ):
        await program.start()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
