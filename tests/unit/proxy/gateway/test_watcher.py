"""The link of a gateway to its store."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from tests.factories.stored import make_gateway
from understudy.proxy.gateway import watcher
from understudy.proxy.gateway.watcher import Watcher
from understudy.store.model.changes import Change
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.repositories.store import Store


def test_a_gateway_sends_heartbeats_while_it_compiles(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    """A large session takes longer than heartbeats may be missing; the switch is in force only after that."""
    monkeypatch.setattr(watcher, "BEAT_SECONDS", 0.001)
    gateway = make_gateway()
    compiling, compiled = threading.Event(), threading.Event()

    def apply(_: GatewayState, __: bool, ___: Sequence[Change] | None) -> None:
        compiling.set()
        assert compiled.wait(20)

    watching = Watcher(store, gateway, apply, lambda: 0)
    watching.start()
    revision = store.gateways.set_state(gateway.id, GatewayState(Mode.RECORD))
    assert compiling.wait(20)
    before = alive(store)
    until = threading.Event()
    while alive(store) == before:
        assert not until.wait(0.001)
    [seen] = store.gateways.list_living(alive(store))
    compiled.set()
    watching.stop()
    assert seen.seen_revision < revision


def alive(store: Store) -> float:
    """Return the time of the last heartbeat."""
    [gateway] = store.gateways.list_living(time.time())
    return gateway.heartbeat
