"""Exchanges at given times."""

from __future__ import annotations

from tests.factories.messages import make_response
from tests.factories.stored import EVERYTHING, make_exchange
from understudy.store.model.exchanges import Exchange
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store


def record_at(store: Store, *times: float, session: str = "shop", body: bytes = b"small") -> list[Exchange]:
    """A new session with an exchange at each of these times, and a path that names the time."""
    session_id = store.sessions.create(session, None).id
    response = make_response(body=body)
    store.history.add([make_exchange(session_id, f"/at/{at:g}", response, started=at) for at in times])
    return list(store.history.select(HistoryFilter(session_id=session_id)))


def list_times(store: Store) -> list[float]:
    return [exchange.timings.started for exchange in store.history.select(EVERYTHING)]
