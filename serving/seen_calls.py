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

_MOCK_PREFIX = re.compile(rb"/mocks/[^/?]*")

LONGEST_NOTE = 300
"""Characters of a note: a line of JSON has to fit into one write to a pipe."""
LONGEST_NAME = 120
LONGEST_METHOD = 40


class CallResult(StrEnum):
    """What became of a call."""

    ANSWERED = "answered"  # by an example, or by a rule of the mock server
    MISSED = "missed"  # no example answers it
    RECORDED = "recorded"
    FORWARDED = "forwarded"
    FAILED = "failed"  # the upstream was not reached, or a side broke off
    LOST = "lost"  # it could not be recorded
    OPENED = "opened"  # a WebSocket, or a tunnel
    CLOSED = "closed"


class SeenCall(msgspec.Struct, frozen=True, tag=True):
    """One call, without its query, headers and bodies; secrets of other forms than a path's are still in it.

    `at` is in seconds since the epoch, `duration` in seconds. `status` is None if no whole response was sent. `mock` is
    the slug of the mock server. `entry` is the number of the exchange in history. `note` is why no example answers,
    why the call failed, or what else is worth knowing, in a few words.
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
        example=reply.example_name[:LONGEST_NAME],
        example_id=reply.example_id,
        note=find_note(reply)[:LONGEST_NOTE],
    )


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


def find_note(reply: Reply) -> str:
    """Return what is worth knowing about an answer beside its example."""
    if reply.miss:
        return reply.miss
    if reply.example_id is None:
        return reply.summary
    return "" if reply.response is not None else reply.summary.rpartition("; ")[2]
