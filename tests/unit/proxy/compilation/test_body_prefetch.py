"""Prefetched bodies."""

from __future__ import annotations

import pytest

from tests.factories.stored import record
from understudy.proxy.compilation import body_prefetch
from understudy.proxy.compilation.body_prefetch import BodyPrefetcher
from understudy.store.model.messages import BodyRef
from understudy.store.repositories.store import Store

ONE, TWO = b"one" * 10_000, b"two" * 10_000


def kept_bodies(store: Store) -> list[BodyRef]:
    """References to two bodies that no row of history holds itself."""
    answers = [exchange.response.body for exchange in record(store, ONE, TWO) if exchange.response]
    return [body for body in answers if isinstance(body, BodyRef)]


def test_a_prefetched_body_is_read_once(store: Store) -> None:
    """It comes from memory, even if the store is gone, until `clear`."""
    bodies, ahead = kept_bodies(store), BodyPrefetcher(store.bodies)
    ahead.prefetch([*bodies, b"bytes"])
    ahead._bodies = None  # type: ignore[assignment]  # nobody may ask it
    assert [ahead.read(body) for body in bodies] == [ONE, TWO]


def test_a_body_that_was_not_prefetched_is_read_too(store: Store) -> None:
    bodies, ahead = kept_bodies(store), BodyPrefetcher(store.bodies)
    ahead.prefetch(bodies[:1])
    ahead.clear()
    assert [ahead.read(body) for body in bodies] == [ONE, TWO]
    assert ahead.read(b"bytes") == b"bytes"


def test_prefetched_bodies_take_no_more_than_their_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are prefetched at once; a body that is prefetched twice takes room once."""
    monkeypatch.setattr(body_prefetch, "ROOM", len(ONE) + 1)
    bodies, ahead = kept_bodies(store), BodyPrefetcher(store.bodies)
    ahead.prefetch([bodies[0], *bodies])
    ahead.prefetch(bodies)
    assert list(ahead._cache.values()) == [ONE]


def test_a_body_at_hand_is_held_if_there_is_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_prefetch, "ROOM", 3)
    ahead = BodyPrefetcher(store.bodies)
    ahead.hold(BodyRef("1", 3), b"one")
    ahead.hold(BodyRef("2", 3), b"two")
    assert ahead._cache == {"1": b"one"}
