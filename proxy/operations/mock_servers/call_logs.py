"""The call log of a mock server: list, read and follow its calls, clear it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from understudy.proxy.call_log.reader import CallCounts, StoredCallLog, open_call_log
from understudy.proxy.operations.deleting import Deleted, delete_thing
from understudy.store.errors import Hint, NotFound, UserError
from understudy.store.model.calls import Call
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.values import replace
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.repositories.store import Store


@dataclass(frozen=True, slots=True)
class CallConditions:
    """Which calls of a mock server; see `CallFilter`."""

    since: float | None = None
    until: float | None = None
    method: str | None = None
    path: str | None = None
    status: str | None = None
    matched: bool | None = None
    after: int | None = None
    before: int | None = None

    def as_filter(self, mock: MockServer) -> CallFilter:
        """Return the filter of these calls to a mock server; raises UserError for a path that is not a glob of one."""
        if self.path is not None and not self.path.startswith(("/", "*", "?", "[")):
            raise UserError(f"takes a glob of a path, such as '/users/*', got {self.path!r}", field="path")
        return CallFilter(
            mock.id,
            since=self.since,
            until=self.until,
            method=self.method,
            path=self.path,
            status=self.status,
            matched=self.matched,
            after=self.after,
            before=self.before,
        )


EVERY_CALL = CallConditions()


@dataclass(frozen=True, slots=True)
class CallPage:
    """Calls to a mock server, oldest first, and how many of all calls are in its log or lost.

    `more` are the conditions under which the list goes on, None at its end.
    """

    mock: MockServer
    calls: Sequence[Call]
    counts: CallCounts
    more: CallConditions | None = None


@dataclass(frozen=True, slots=True)
class ClearedLog:
    """A mock server whose log was cleared, and the number of calls that were in it."""

    mock: MockServer
    calls: int


def list_calls(store: Store, mock: str, conditions: CallConditions = EVERY_CALL, limit: int = 50) -> CallPage:
    """Return the newest calls that fit, once every call that was answered is in the log; that takes a moment.

    With `after` they are the oldest that fit. Raises NotFound, and UserError for a path that is not a glob of one and
    for both `after` and `before`.
    """
    if conditions.after is not None and conditions.before is not None:
        raise UserError("choose calls before one or after one, not both", field="before")
    found = store.mock_servers.find(mock)
    criteria = conditions.as_filter(found)
    with open_call_log(store, found) as log:
        log.catch_up()
        # One more than asked for shows whether the list goes on.
        if conditions.after is not None:
            calls = store.calls.list_oldest(criteria, limit + 1)
            more = replace(conditions, after=calls[limit - 1].id) if len(calls) > limit else None
            return CallPage(found, calls[:limit], log.read_counts(), more)
        calls = store.calls.list_newest(criteria, limit + 1)
        more = replace(conditions, before=calls[-limit].id) if len(calls) > limit else None
        return CallPage(found, calls[-limit:], log.read_counts(), more)


def read_new_calls(store: Store, mock: MockServer, conditions: CallConditions, after: int) -> Sequence[Call]:
    """Return the calls that fit and are newer than the one with the id `after`, oldest first.

    Raises NotFound once the mock server was deleted.
    """
    try:
        store.mock_servers.find(mock.id)
    except NotFound:
        message = f"mock server {mock.name} was deleted, and its log with it"
        raise NotFound(message, what="mock server", which=mock.name) from None
    criteria = replace(conditions.as_filter(mock), after=after)
    return list(StoredCallLog(store, mock, None).read_newest_first(criteria))[::-1]


def read_call(store: Store, mock: str, call_id: int) -> Call:
    """Return one call to a mock server; raises NotFound."""
    found = store.mock_servers.find(mock)
    call = store.calls.get(call_id)
    if call.mock_server_id != found.id:
        raise NotFound(f"there is no call {call_id} to {found.name} in the log", what="call", which=str(call_id))
    return call


def clear_calls(store: Store, mock: str, *, forever: bool = False, actor: str) -> Deleted[ClearedLog]:
    """Clear the log of a mock server, the calls included that are about to be written; raises NotFound."""
    found = store.mock_servers.find(mock)
    with open_call_log(store, found) as log:
        log.catch_up()
    with store.act_as(actor):
        cleared = ClearedLog(found, store.trash.measure_calls(found.id).counts["calls"])
        return delete_thing(store, cleared, lambda: store.trash.put_calls(found.id), forever=forever)


def check_logging(mock: MockServer) -> None:
    """Raise UserError with a hint when a mock server keeps no calls."""
    if not mock.log_limit:
        hint = Hint("switch_on_call_log", {"mock_server": mock.name})
        message = f"the call log of {mock.name} is off"
        raise UserError(message, what="mock server", which=mock.name, hint=hint)
