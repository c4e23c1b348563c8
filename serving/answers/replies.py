"""An answer ready to be sent: its bytes, and what the call log says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from understudy.serving.answers.streams import Stream
from understudy.serving.http1.wire import render_head
from understudy.store.model.messages import Body, BodyRef, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour, Delay, MockServer
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor


class CallCounter(Protocol):
    """Counts the calls of a mock server in one process."""

    def count(self) -> None:
        """Add one call."""
        ...


class CalledServer(Protocol):
    """The mock server that a reply belongs to, as far as counting and logging the call need it."""

    @property
    def mock(self) -> MockServer:
        """Its settings."""
        ...

    @property
    def calls(self) -> CallCounter:
        """Counts every call."""
        ...

    @property
    def unlogged(self) -> CallCounter | None:
        """Counts the calls that are not logged because the log is off; None while it is on."""
        ...


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The connection becomes a WebSocket, of which this answer is the beginning: see `serving.websockets.conversation`.

    `exchange_id` names the recorded handshake, which was answered at `began`. `diverged` is to be called with the
    reason when the client does not say what was recorded; `redactor` takes secrets out of that.
    """

    head: bytes
    exchange_id: int
    began: float
    timing: float
    on_divergence: Callable[[str], None]
    redactor: Redactor = BUILT_IN_REDACTOR


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """The bytes of an answer, for a connection that stays open: `head` ends with its empty line.

    `behaviour` is what is done to it on purpose, None for nothing. `fixed`: the same bytes of a request get the same
    bytes again. `response` is None where nothing whole goes out. `served` is the mock server that was called, None for
    a call to none; the rest is for its log. `stream` is how the body is sent piece by piece, None for at once;
    `interim` goes out before the head. `wire` is head and body of a small one that goes out at once; `delay` is set
    where that is all of its behaviour. With `speak` the rest is for logs.
    """

    head: bytes
    body: bytes
    response: Response | None
    behaviour: Behaviour | None = None
    is_cacheable: bool = False
    server: CalledServer | None = None
    example_id: str | None = None
    example_name: str = ""
    summary: str = ""
    stream: Stream | None = None
    interim: bytes = b""
    upgrade: Upgrade | None = None
    wire: bytes = field(init=False, repr=False, default=b"")
    delay: Delay | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        # Small answers go out in one piece; of large ones no second copy is made.
        if len(self.body) <= MAX_JOINED_BYTES and self.stream is None and not self.interim:
            object.__setattr__(self, "wire", self.head + self.body)
        behaviour = self.behaviour
        if behaviour is not None and replace(behaviour, delay=None) == PLAIN:
            object.__setattr__(self, "delay", behaviour.delay)

    @property
    def content(self) -> Body:
        """The body to send: `body`, or a large one that has to be read from the store piece by piece."""
        told = b"" if self.response is None else self.response.body
        return told if isinstance(told, BodyRef) else self.body


MAX_JOINED_BYTES = 64 * 1024


# An edit removes the old body before its new example is compiled. An answer that misses a body tries again this long.
EDIT_WAIT_SECONDS = 2.0
EDIT_RETRY_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class PendingReply:
    """An answer whose body has to be read from the store first; `finish` makes the reply of its bytes."""

    body: Body
    finish: Callable[[bytes], Reply]


def make_reply(response: Response, *, summary: str, server: CalledServer | None = None, method: str = "GET") -> Reply:
    """Return the reply for a response of Understudy's own, such as an error; to HEAD it has no body."""
    body = b"" if method == "HEAD" else response.body
    assert isinstance(body, bytes)
    return Reply(render_head(response), body, response, server=server, summary=summary)
