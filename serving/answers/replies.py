"""Replies: answers as bytes that are ready to be sent, with what a call log keeps of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

from understudy.matcher.body_forms.open_places import Marks
from understudy.serving.answers.streams import Stream
from understudy.serving.http1.wire import render_head
from understudy.store.model.messages import Body, BodyRef, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour, Delay, MockServer
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor


class CallCounter(Protocol):
    """Counts the calls of a mock server in one process."""

    def count(self) -> None:
        """Add one call."""
        ...


class CalledServer(Protocol):
    """The mock server that a reply belongs to: the part that counting and logging need."""

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
    """The answer to a handshake after which the connection is a WebSocket: see `serving.websockets.conversation`.

    `exchange_id` is the recorded handshake, which was answered at `began`, in seconds since the epoch. `on_divergence`
    is called with the reason when the client sends another message than the recorded one; `redactor` removes secrets
    from that reason. `ignored` are JSON paths that are not compared in messages.
    """

    head: bytes
    exchange_id: int
    began: float
    timing: float
    on_divergence: Callable[[str], None]
    redactor: Redactor = BUILT_IN_REDACTOR
    ignored: Marks = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hold:
    """An answer that its client gave up when it was recorded: the connection stays open after what came of it.

    `method`, `url` and `entry` name the recorded request, without its secrets; `entry` is the id of its exchange.
    """

    method: str
    url: str
    entry: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """The bytes of an answer for a connection that stays open; `head` ends with its empty line.

    How it is sent: `behaviour` is simulated, None for none. `stream` has the pieces of the body, None for a body that
    is sent at once. `interim` is sent before the head. `upgrade` replaces all of these. `wire` is head and body of a
    small answer that is sent at once, else b"". `delay` is set if the behaviour is a delay and nothing else.
    `is_cacheable`: the same bytes of a request get the same reply, until `end` in seconds since the epoch. `hold` is
    set if the behaviour breaks the reply off, and the connection is held open first.

    What is logged: `response` is None if no complete response is sent. `server` is the mock server, None if the URL
    names none. `example_id`, `example_name` and `summary` explain the answer. `miss` is why no example answers, in a
    few words; "" for other answers.
    """

    head: bytes
    body: bytes
    response: Response | None
    behaviour: Behaviour | None = None
    is_cacheable: bool = False
    end: float = field(default=inf, kw_only=True)
    server: CalledServer | None = None
    example_id: str | None = None
    example_name: str = ""
    summary: str = ""
    miss: str = field(default="", kw_only=True)
    stream: Stream | None = None
    interim: bytes = b""
    upgrade: Upgrade | None = None
    hold: Hold | None = None
    wire: bytes = field(init=False, repr=False, default=b"")
    delay: Delay | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        # Small answers are sent as one piece of bytes; large ones are not copied.
        if len(self.body) <= MAX_JOINED_BYTES and self.stream is None and not self.interim:
            object.__setattr__(self, "wire", self.head + self.body)
        behaviour = self.behaviour
        if behaviour is not None and replace(behaviour, delay=None) == PLAIN:
            object.__setattr__(self, "delay", behaviour.delay)

    @property
    def content(self) -> Body:
        """The body to send: `body`, or a large one that has to be read from the store piece by piece."""
        body = b"" if self.response is None else self.response.body
        return body if isinstance(body, BodyRef) else self.body


MAX_JOINED_BYTES = 64 * 1024


# An edit removes the old body before its new example is compiled. An answer that misses a body tries again this long.
EDIT_WAIT_SECONDS = 2.0
EDIT_RETRY_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class PendingReply:
    """An answer whose body has to be read from the store first; `finish` makes the reply from its bytes."""

    body: Body
    finish: Callable[[bytes], Reply]


def make_reply(response: Response, *, summary: str, server: CalledServer | None = None, method: str = "GET") -> Reply:
    """Return the reply for a response of Understudy's own, such as an error; to HEAD it has no body."""
    body = b"" if method == "HEAD" else response.body
    assert isinstance(body, bytes)
    return Reply(render_head(response), body, response, server=server, summary=summary)
