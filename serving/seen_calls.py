"""Calls as they are shown, one line each: what a mock server or a gateway answered, forwarded or could not answer."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Protocol

import msgspec

from understudy.serving.answers.replies import Reply
from understudy.serving.http1.request_reader import RawRequest, RequestReader
from understudy.serving.http1.targets import to_origin_form
from understudy.store.redaction.log_paths import LONGEST_PATH, format_log_path

CALL_LOGGER = "understudy.calls"
"""The logger of single calls, for programs that do not show them otherwise, as stock mitmproxy does not."""

_MOCK_PREFIX = re.compile(rb"/mocks/[^/?]*")

_NAMED_QUERY = re.compile(r"^([A-Z]+ /[^?]*)\?.*?( - \d{3})?$")
_QUOTED_NAME = re.compile(r'"([A-Z]+ /[^"]*)"')

LONGEST_NOTE = 300
"""Characters of a note: a line of JSON has to fit into one write to a pipe."""
NOT_READ = "-"
LONGEST_NAME = 120
LONGEST_METHOD = 40


class CallResult(StrEnum):
    """What became of a call."""

    ANSWERED = "answered"  # by an example, or by a rule of the mock server
    REFUSED = "refused"  # malformed, or for nowhere that it may go to
    MISSED = "missed"  # no example answers it
    RECORDED = "recorded"
    FORWARDED = "forwarded"
    FAILED = "failed"  # the upstream was not reached, or a side broke off
    LOST = "lost"  # it could not be recorded
    OPENED = "opened"  # a tunnel
    CLOSED = "closed"  # a WebSocket, or a tunnel


class SeenCall(msgspec.Struct, frozen=True, tag=True):
    """One call, without its query, headers and bodies; secrets of other forms than a path's are still in it.

    `at` is in seconds since the epoch, `duration` in seconds. `status` is None if no whole response was sent. `mock` is
    the slug of the mock server. `entry` is the number of the exchange in history. `note` is why no example answers,
    why the call failed, or what else is worth knowing, in a few words. `decision` is how an example was found.
    """

    at: float
    duration: float
    method: str
    path: str
    status: int | None
    result: CallResult
    mock: str = ""
    example: str = ""
    example_id: str | None = None
    entry: int | None = None
    note: str = ""
    decision: str = ""


class CallWatch(Protocol):
    """Gets each call of one process, in the thread that answers; it neither blocks nor raises."""

    def note_reply(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """Note a call that was answered; `call` is a whole request as bytes, or one that was read."""
        ...

    def note_call(self, call: SeenCall) -> None:
        """Note a call of another kind."""
        ...


def see_reply(call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> SeenCall:
    """Return the answered call as it is shown."""
    raw = call if isinstance(call, RawRequest) else parse_call(call)
    response, server = reply.response, reply.server
    return SeenCall(
        at=at,
        duration=duration,
        method=raw.method[:LONGEST_METHOD],
        path=find_path(raw, is_mock=server is not None),
        status=None if response is None else response.status,
        result=CallResult.MISSED if reply.miss else CallResult.ANSWERED,
        mock="" if server is None else server.mock.slug,
        example=name_without_query(reply.example_name),
        example_id=reply.example_id,
        note=write_note(find_note(reply)),
        decision=reply.summary[:LONGEST_NOTE] if reply.example_id is not None else "",
    )


def see_refusal(status: int, why: str, at: float, method: str = NOT_READ, target: bytes | None = None) -> SeenCall:
    """Return a request that was refused, as it is shown; without its method and target if they were not read."""
    path = NOT_READ if target is None else format_log_path(target)
    return SeenCall(at, 0.0, method[:LONGEST_METHOD], path, status, CallResult.REFUSED, note=why[:LONGEST_NOTE])


def parse_call(call: bytes) -> RawRequest:
    """Return the request that these bytes are."""
    return next(event for event in RequestReader().feed(call) if isinstance(event, RawRequest))


def find_path(raw: RawRequest, *, is_mock: bool = False) -> str:
    """Return the path of a request for a line, without its query and secrets of a known form.

    That of a call to a mock server is relative to the root of that.
    """
    target = raw.target
    if not target.startswith(b"/"):
        target = to_origin_form(raw.to_request())[0].target
    if is_mock and (prefixed := _MOCK_PREFIX.match(target)):
        target = target[prefixed.end() :] or b"/"
    return format_log_path(target)[: LONGEST_PATH + 1]


def name_without_query(name: str) -> str:
    """Return the name of an example without the query that the name of a recorded one has: it may hold secrets."""
    return _NAMED_QUERY.sub(r"\1?…\2", name)[:LONGEST_NAME]


def write_note(text: str) -> str:
    """Return a text for a note: of limited length, the names of examples in it without their queries."""
    return _QUOTED_NAME.sub(lambda quoted: f'"{name_without_query(quoted[1])}"', text)[:LONGEST_NOTE]


def find_note(reply: Reply) -> str:
    """Return what is worth knowing about an answer beside its example."""
    if reply.miss:
        return reply.miss
    if reply.example_id is None:
        return reply.summary
    return "" if reply.response is not None else reply.summary.rpartition("; ")[2]
