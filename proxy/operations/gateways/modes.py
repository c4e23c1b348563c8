"""Gateway modes: list the running gateways, switch one, and wait until a change is in force."""

from __future__ import annotations

import time
from dataclasses import dataclass

from understudy.proxy.operations.exposure import check_exposure
from understudy.proxy.operations.mock_servers.mock_servers import find_mock
from understudy.store.errors import Hint, NotFound, UserError
from understudy.store.model.gateways import Gateway, GatewayState, Mode
from understudy.store.model.messages import Origin
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.naming import find_free_name, suggest
from understudy.store.repositories.store import Store

# A gateway sees a change within 100 ms; compiling a large collection takes longer.
PATIENCE_SECONDS = 5.0
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class NamedState:
    """The state of a gateway with names in the place of ids; a name is None where the mode does not use it.

    A gateway that answers as a mock server has the name of its collection too.
    """

    mode: Mode
    collection: str | None = None
    mock_server: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """A running gateway and its state in names."""

    gateway: Gateway
    state: NamedState


@dataclass(frozen=True, slots=True)
class ModeSwitch:
    """A switch of a gateway: `is_in_force` is False if the gateway did not confirm it within `PATIENCE_SECONDS`."""

    gateway: Gateway
    state: NamedState
    is_in_force: bool


def parse_mode(text: str) -> Mode:
    """Return the mode of this name; raises UserError that lists the modes."""
    try:
        return Mode(text)
    except ValueError:
        choices = suggest(text, Mode) or f"the modes are {', '.join(Mode)}"
        message = f"there is no mode {text!r}; {choices}"
        raise UserError(message, what="mode", which=text) from None


def list_gateways(store: Store) -> list[RunningGateway]:
    """Return the gateways that run on this store, by name."""
    return [
        RunningGateway(gateway, name_state(store, gateway.desired_state))
        for gateway in store.gateways.list_living(time.time())
    ]


def name_state(store: Store, state: GatewayState) -> NamedState:
    """Return a state with the names of what it refers to; raises NotFound for what was deleted."""
    return NamedState(
        state.mode,
        store.collections.find(state.collection_id).name if state.collection_id else None,
        store.mock_servers.find(state.mock_server_id).name if state.mock_server_id else None,
        store.sessions.find(state.session_id).name if state.session_id else None,
    )


def switch_mode(
    store: Store,
    mode: Mode,
    *,
    mock: str | None,
    session: str | None,
    gateway: str | None,
    actor: str,
    allow_remote: bool = False,
) -> ModeSwitch:
    """Switch a running gateway to a mode, and wait until that is in force or `PATIENCE_SECONDS` have passed.

    `mock` and `session` are what the mode needs, see `choose_state`; `gateway` may be None if only one runs.
    `allow_remote` lets a gateway answer other machines as a private mock server. Raises UserError or NotFound, and then
    leaves the store as it was.
    """
    with store.transaction(actor):
        target = find_gateway(store, gateway)
        listen = None if allow_remote else target.listen
        state = choose_state(
            store, mode, mock=mock, session=session, upstream=target.upstream, actor=actor, listen=listen
        )
        revision = store.gateways.set_state(target.id, state)
        named = name_state(store, state)
    return ModeSwitch(target, named, wait_until_seen(store, revision, gateway_id=target.id))


def choose_state(
    store: Store,
    mode: Mode,
    *,
    mock: str | None,
    session: str | None,
    upstream: Origin | None,
    actor: str,
    listen: str | None = None,
) -> GatewayState:
    """Return the state for a mode; a session to record to is created if it does not exist.

    `mock` names the mock server or collection that `mock` and `spy` answer from, `session` the session to record to or
    to replay; without a name a recording gets a new session named by the time. Raises UserError for a name that the
    mode needs and does not get, or gets and does not use, and for a private mock server if other machines reach the
    address `listen`; NotFound for a name that does not exist.
    """
    _check_names(mode, mock=mock, session=session)
    found = find_mock(store, mock) if mock is not None else None
    if isinstance(found, MockServer) and listen is not None:
        check_exposure(found, listen)
    # Last, and alone in a transaction: a mode that creates nothing works on a store that cannot be written.
    session_id = _choose_session(store, mode, session, upstream, actor)
    if isinstance(found, MockServer):
        return GatewayState(mode, found.collection_id, session_id, found.id)
    return GatewayState(mode, found.id if found else None, session_id)


def open_session(store: Store, name: str | None, upstream: Origin | None, *, actor: str) -> str:
    """Return the id of the session to record to; it is created if it does not exist.

    Without a name it is a new one, named by the time. Raises UserError if the session belongs to another upstream:
    replay could not tell which upstream a request in origin form was for.
    """
    with store.transaction(actor):
        if name is None:
            return store.sessions.create(_find_free_name(store), upstream).id
        try:
            session = store.sessions.find(name)
        except NotFound:
            return store.sessions.create(name, upstream).id
    if upstream is not None and session.upstream != upstream:
        recorded = f"recorded from {session.upstream}" if session.upstream else "recorded by a forward proxy"
        message = f"session {name!r} was {recorded}, not from {upstream}; record to another session"
        raise UserError(message, what="session", which=name, field="session")
    return session.id


def find_gateway(store: Store, name: str | None) -> Gateway:
    """Return the running gateway of this name, or the only one; raises NotFound or UserError that lists the names."""
    living = store.gateways.list_living(time.time())
    if not living:
        raise NotFound("no gateway is running on this store", what="gateway", hint=Hint("start_gateway"))
    names = ", ".join(f"{gateway.name} ({gateway.listen})" for gateway in living)
    if name is None:
        if len(living) > 1:
            raise UserError(f"{len(living)} gateways are running; choose one of {names}", field="gateway")
        return living[0]
    for gateway in living:
        if gateway.name == name:
            return gateway
    choices = suggest(name, [gateway.name for gateway in living]) or f"there are: {names}"
    raise NotFound(f"there is no running gateway {name!r}; {choices}", what="gateway", which=name)


def wait_until_seen(store: Store, revision: int, *, gateway_id: str | None = None) -> bool:
    """Wait until all gateways, or the one with this id, act upon a change; return whether they do.

    The wait ends after `PATIENCE_SECONDS`, so never call this in a transaction.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        living = [one for one in store.gateways.list_living(time.time()) if gateway_id in (None, one.id)]
        gone = gateway_id is not None and not living
        if not gone and all(gateway.seen_revision >= revision for gateway in living):
            return True
        time.sleep(POLL_SECONDS)
    return False


def _check_names(mode: Mode, *, mock: str | None, session: str | None) -> None:
    answers_from_mock = mode in (Mode.MOCK, Mode.SPY)
    if answers_from_mock and mock is None:
        raise UserError(f"mode {mode} needs a mock server or a collection to answer from", field="mock")
    if mode is Mode.REPLAY and session is None:
        raise UserError("mode replay needs a session to answer from", field="session")
    if mock is not None and not answers_from_mock:
        raise UserError(f"mode {mode} does not answer from a collection; leave it out", field="mock")
    if session is not None and mode in (Mode.PASS, Mode.MOCK):
        raise UserError(f"mode {mode} uses no session; leave it out", field="session")


def _choose_session(store: Store, mode: Mode, session: str | None, upstream: Origin | None, actor: str) -> str | None:
    match mode:
        case Mode.RECORD | Mode.SPY:
            return open_session(store, session, upstream, actor=actor)
        case Mode.REPLAY:
            assert session is not None
            return store.sessions.find(session).id
        case Mode.PASS | Mode.MOCK:
            return None


def _find_free_name(store: Store) -> str:
    taken = {summary.session.name for summary in store.sessions.list_summaries()}
    return find_free_name(time.strftime("session-%Y%m%d-%H%M%S"), taken, "-")
