"""Telling a gateway its mode: what each mode needs, which gateway is meant, and waiting until it is in force."""

from __future__ import annotations

import time

from understudy.proxy.operations.mock_servers.mock_servers import find_mock
from understudy.store.errors import NotFound, UserError
from understudy.store.model.gateways import Gateway, GatewayState, Mode
from understudy.store.model.messages import Origin
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.naming import find_free_name
from understudy.store.repositories.store import Store

# A gateway sees a change within 100 ms; compiling a large collection takes longer.
PATIENCE_SECONDS = 5.0


def mode_named(text: str) -> Mode:
    """The mode of this name; raises UserError that lists them."""
    try:
        return Mode(text)
    except ValueError:
        raise UserError(f"there is no mode {text!r}; the modes are {', '.join(Mode)}") from None


def wanted_state(
    store: Store, mode: Mode, *, mock: str | None, session: str | None, upstream: Origin | None
) -> GatewayState:
    """The state for a mode, what it answers from found, a session to record to made where none is named.

    Raises UserError when something the mode needs is missing or something is named that it does not use.
    """
    if mode in (Mode.MOCK, Mode.SPY) and mock is None:
        raise UserError(f"mode {mode} needs a mock server or a collection to answer from: --mock NAME")
    if mode is Mode.REPLAY and session is None:
        raise UserError("mode replay needs a session to answer from: --session NAME")
    if mock is not None and mode not in (Mode.MOCK, Mode.SPY):
        raise UserError(f"mode {mode} does not answer from a collection: leave --mock out")
    if session is not None and mode in (Mode.PASS, Mode.MOCK):
        raise UserError(f"mode {mode} uses no session: leave --session out")
    found = find_mock(store, mock) if mock is not None else None
    session_id = _session_id(store, mode, session, upstream)
    if isinstance(found, MockServer):
        return GatewayState(mode, found.collection_id, session_id, found.id)
    return GatewayState(mode, found.id if found else None, session_id)


def session_to_record(store: Store, name: str | None, upstream: Origin | None) -> str:
    """The id of the session of this name, made when there is none; without a name, of a new one named by the time.

    Raises UserError when the session belongs to another upstream: its requests in origin form could not be told apart.
    """
    if name is None:
        return store.sessions.create(_free_name(store), upstream).id
    try:
        session = store.sessions.find(name)
    except NotFound:
        return store.sessions.create(name, upstream).id
    if upstream is not None and session.upstream != upstream:
        kind = f"was recorded from {session.upstream}" if session.upstream else "is a forward proxy's"
        raise UserError(f"session {name!r} {kind}, not from {upstream}; record to another session")
    return session.id


def gateway_meant(store: Store, name: str | None) -> Gateway:
    """The running gateway of this name, or the only one; raises UserError that lists them."""
    living = store.gateways.list_living(time.time())
    if not living:
        raise UserError("no gateway is running on this store; start one with: understudy gateway")
    names = ", ".join(f"{gateway.name} ({gateway.listen})" for gateway in living)
    if name is None:
        if len(living) > 1:
            raise UserError(f"{len(living)} gateways are running; say which with --gateway NAME: {names}")
        return living[0]
    for gateway in living:
        if gateway.name == name:
            return gateway
    raise UserError(f"there is no running gateway {name!r}; there are: {names}")


def switch(store: Store, gateway: Gateway, state: GatewayState) -> bool:
    """Tell a gateway its mode; returns whether it was in force before patience ran out."""
    return wait_until_seen(store, store.gateways.set_state(gateway.id, state), gateway_id=gateway.id)


def wait_until_seen(store: Store, revision: int, *, gateway_id: str | None = None) -> bool:
    """Wait until the gateways (or the one) act upon a change; returns whether they do."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        living = [one for one in store.gateways.list_living(time.time()) if gateway_id in (None, one.id)]
        gone = gateway_id is not None and not living
        if not gone and all(gateway.seen_revision >= revision for gateway in living):
            return True
        time.sleep(0.02)
    return False


def _session_id(store: Store, mode: Mode, session: str | None, upstream: Origin | None) -> str | None:
    match mode:
        case Mode.RECORD | Mode.SPY:
            return session_to_record(store, session, upstream)
        case Mode.REPLAY:
            assert session is not None
            return store.sessions.find(session).id
        case Mode.PASS | Mode.MOCK:
            return None


def _free_name(store: Store) -> str:
    taken = {summary.session.name for summary in store.sessions.list_summaries()}
    return find_free_name(time.strftime("session-%Y%m%d-%H%M%S"), taken, "-")
