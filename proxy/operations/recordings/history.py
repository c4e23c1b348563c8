"""History: list recorded exchanges, show one with its bodies and WebSocket messages; secrets are masked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from understudy.proxy.operations.deleting import Deleted, delete_thing
from understudy.proxy.operations.recordings.selections import check_entries, explain_nothing
from understudy.store.errors import Hint, NotFound, UserError
from understudy.store.model.exchanges import Exchange
from understudy.store.model.messages import MessagePart, Request, Response
from understudy.store.model.values import replace
from understudy.store.model.websockets import WebSocketMessage
from understudy.store.repositories.history import HistoryFilter, HistoryPosition
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.store.redaction.redactor import Redactor

MOST_COUNTED = 10_000
"""The entries that a list counts at most: more take longer than the list."""
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """An exchange as a list shows it: with the name of its session, and its URL without secrets."""

    exchange: Exchange
    session: str
    url: str


@dataclass(frozen=True, slots=True)
class EntryContent:
    """An exchange with its bodies as bytes, and the messages of its WebSocket or gRPC call in the order they came.

    `session` is the name of its session.
    """

    exchange: Exchange
    messages: Sequence[WebSocketMessage]
    session: str

    @property
    def request_body(self) -> bytes:
        """The body of the request."""
        return _body_of(self.exchange.request)

    @property
    def response_body(self) -> bytes:
        """The body of the response; b"" without a response."""
        return _body_of(self.exchange.response)


def list_entries(
    store: Store,
    criteria: HistoryFilter,
    *,
    session: str | None = None,
    limit: int,
    before: int | None = None,
    after: int | None = None,
) -> list[HistoryEntry]:
    """Return the newest entries that fit, at most `limit`, the newest last.

    `session` is the name of a session that they have to be of. They are the newest before the entry `before`; with
    `after`, the oldest after that entry. An entry that was deleted is a place, too. Raises NotFound for a session that
    does not exist, UserError for both `before` and `after`.
    """
    criteria = narrow_to_session(store, criteria, session)
    if after is None:
        position = None if before is None else _find_position(store, before, backward=True)
        return describe_entries(store, store.history.list_newest(criteria, limit, position))
    if before is not None:
        raise UserError("choose entries before one or after one, not both", field="before")
    position = _find_position(store, after, backward=False)
    return describe_entries(store, store.history.list_oldest(criteria, limit, position))


def count_entries(store: Store, criteria: HistoryFilter, session: str | None) -> int:
    """Return how many entries fit, `MOST_COUNTED` + 1 for more than that; raises NotFound."""
    return store.history.count(narrow_to_session(store, criteria, session), MOST_COUNTED)


def _find_position(store: Store, entry_id: int, *, backward: bool) -> HistoryPosition | None:
    """Return the place of an entry; for one that was deleted, the place next to what is left on the wanted side."""
    try:
        return HistoryPosition.of(store.history.get(entry_id))
    except NotFound:
        if backward:
            lower = store.history.list_newest(HistoryFilter(id_ranges=((0, entry_id),)), 1)
            return HistoryPosition(lower[0].timings.started, lower[0].id + 1) if lower else HistoryPosition(-inf, 0)
        higher = store.history.list_oldest(HistoryFilter(id_ranges=((entry_id, LARGEST_ID),)), 1)
        return HistoryPosition(higher[0].timings.started, higher[0].id - 1) if higher else HistoryPosition(inf, 0)


def narrow_to_session(store: Store, criteria: HistoryFilter, name: str | None) -> HistoryFilter:
    """Return the filter, narrowed to the session of this name if there is a name; raises NotFound."""
    return criteria if name is None else replace(criteria, session_id=store.sessions.find(name).id)


def describe_entries(store: Store, exchanges: Iterable[Exchange]) -> list[HistoryEntry]:
    """Return exchanges as lists show them."""
    from understudy.store.redaction.settings import make_display_redactor

    redactor = make_display_redactor(store)
    names: dict[str, str] = {}
    entries = []
    for exchange in exchanges:
        if exchange.session_id not in names:
            names[exchange.session_id] = _find_session_name(store, exchange.session_id)
        entries.append(HistoryEntry(exchange, names[exchange.session_id], _mask_url(exchange, redactor)))
    return entries


def choose_entries(store: Store, criteria: HistoryFilter, session: str | None) -> list[int]:
    """Return the ids of the entries that fit, of the session of this name if there is one.

    Raises UserError without any condition, and if nothing fits; NotFound for a session or an entry that does not exist.
    """
    if criteria == HistoryFilter() and session is None:
        raise UserError("no history entry was chosen", what="history entry", hint=Hint("choose_history"))
    check_entries(store, criteria)
    found = store.history.select_ids(narrow_to_session(store, criteria, session))
    if not found:
        raise UserError(explain_nothing(store, narrow_to_session(store, criteria, session)), what="history entry")
    return found


def delete_entries(store: Store, ids: Sequence[int], *, forever: bool = False, actor: str) -> Deleted[Sequence[int]]:
    """Delete entries, and return their ids; examples that were promoted from them stay.

    Raises Conflict while a running gateway uses their session.
    """
    with store.act_as(actor):
        return delete_thing(store, ids, lambda: store.trash.put_entries(ids), forever=forever)


def read_entry(store: Store, entry_id: int, *, show_secrets: bool = False) -> EntryContent:
    """Return the entry of this id, with its secrets masked unless `show_secrets`; raises NotFound."""
    exchange = _load_bodies(store, store.history.get(entry_id))
    messages = store.history.list_messages(entry_id)
    if exchange.is_bidirectional:
        from understudy.serving.grpc.script import restore_messages

        messages = restore_messages(exchange, messages)
    session = _find_session_name(store, exchange.session_id)
    if show_secrets:
        return EntryContent(exchange, messages, session)
    from understudy.store.redaction.settings import make_display_redactor

    redactor = make_display_redactor(store)
    return EntryContent(_mask(exchange, redactor), [redactor.redact_message(message) for message in messages], session)


def read_entry_body(store: Store, entry_id: int, part: MessagePart) -> bytes:
    """Return the body of an entry's request or response as it was recorded; b"" without a response. Raises NotFound."""
    exchange = store.history.get(entry_id)
    message = exchange.request if part == "request" else exchange.response
    return b"" if message is None else store.bodies.read(message.body)


def read_entry_head(store: Store, entry_id: int, part: MessagePart) -> bytes:
    """Return the head of an entry's request or response as it is stored; b"" without a response. Raises NotFound.

    That of HTTP/1 is as it was received, see `store.head_blocks`.
    """
    request, response = store.history.read_heads(entry_id)
    return request if part == "request" else response


def _find_session_name(store: Store, session_id: str) -> str:
    try:
        return store.sessions.find(session_id).name
    except NotFound:  # deleted since its exchanges were read
        return ""


def _mask_url(exchange: Exchange, redactor: Redactor) -> str:
    return redactor.redact_request(replace(exchange.request, body=b""), b"")[0].url


def _load_bodies(store: Store, exchange: Exchange) -> Exchange:
    request = replace(exchange.request, body=store.bodies.read(exchange.request.body))
    response = exchange.response and replace(exchange.response, body=store.bodies.read(exchange.response.body))
    return replace(exchange, request=request, response=response)


def _mask(exchange: Exchange, redactor: Redactor) -> Exchange:
    request, _ = redactor.redact_request(exchange.request, _body_of(exchange.request))
    response = exchange.response and redactor.redact_response(exchange.response, _body_of(exchange.response))[0]
    return replace(exchange, request=request, response=response)


def _body_of(message: Request | Response | None) -> bytes:
    body = b"" if message is None else message.body
    assert isinstance(body, bytes)
    return body
