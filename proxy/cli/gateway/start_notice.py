"""What is said while a gateway takes its time to begin: with what it is busy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from understudy.store.errors import UnderstudyError
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.naming import escape_unprintable
from understudy.store.repositories.store import Store

SLOW_SECONDS = 1.0


@contextmanager
def told_when_slow(store: Store, state: GatewayState) -> Iterator[Callable[[], None]]:
    """Say what is being read when it takes longer than a second; what is given is called when it has been read."""
    timer = threading.Timer(SLOW_SECONDS, _tell, (store, state))
    timer.daemon = True
    timer.start()
    try:
        yield timer.cancel
    finally:
        timer.cancel()


def _tell(store: Store, state: GatewayState) -> None:
    try:
        click.echo(f"understudy: reading {reading(store, state)} ...", err=True)
    except UnderstudyError:
        return  # the gateway will meet it, too, and say so


def reading(store: Store, state: GatewayState) -> str:
    """What a gateway reads before it can begin, for people."""
    if state.mode is Mode.REPLAY and state.session_id is not None:
        found = next(one for one in store.sessions.list_summaries() if one.session.id == state.session_id)
        return f"session {escape_unprintable(found.session.name)}, {found.exchanges:,} exchanges"
    if state.collection_id is not None:
        return f"collection {escape_unprintable(store.collections.find(state.collection_id).name)}"
    return "the store"
