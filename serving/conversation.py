"""A recorded WebSocket spoken again, without its socket: the client's messages are compared, the server's are sent.

Messages of the client are taken in recorded order; a message of the server goes out when all that the client had sent
before it has come, and no sooner than it did.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

from serving.responder import Close, Wait
from store.placeholders import is_but_for_secrets
from store.redaction import BUILT_IN
from store.websockets import BROKEN_OFF, MessageKind, WebSocketMessage

# RFC 6455, section 7.4.1: received, and not what it has to be.
POLICY_VIOLATION = 1008
MOST_REASON_BYTES = 123  # RFC 6455, section 5.5: a control frame holds 125, and 2 are the code
LINGER_SECONDS = 2.0
SHOWN = 60
SPOKEN = (MessageKind.TEXT, MessageKind.BINARY, MessageKind.CLOSE)

Step = bytes | Wait | Close


class Conversation:
    """One conversation with one client. `began` is when the recorded one did; `timing` as in `Behaviour.timing`.

    Whoever owns the socket calls `receive` with what came, `awake` after a Wait, and then `next` until it is None.
    `diverged` says why the client is not the recorded one, None as long as it is.
    """

    def __init__(
        self,
        messages: Sequence[WebSocketMessage],
        began: float,
        timing: float,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._connection = Connection(ConnectionType.SERVER)
        self._script = deque(one for one in messages if not one.from_client or one.kind in SPOKEN)
        self._expected = deque(one for one in messages if one.from_client and one.kind in SPOKEN)
        self._came = 0  # messages of the client that are still in the script
        self._timing = timing
        self._now = now
        self._anchor = (now(), began)  # a moment, and the recorded one that it stands for
        self._parts: list[bytes] = []
        self._out: deque[Step] = deque()
        self._asleep = False
        self._ends: float | None = None  # we have closed, and wait for the client's answer until then
        self._over = False
        self.diverged: str | None = None

    def receive(self, data: bytes | None) -> None:
        """Take what the client sent; None when it sends no more."""
        if data is None:
            self._end()
        elif self._connection.state is not ConnectionState.CLOSED:
            self._connection.receive_data(data)
            for event in self._connection.events():
                self._take(event)

    def awake(self) -> None:
        """What was waited for is over."""
        self._asleep = False

    def next(self) -> Step | None:
        """What to do next; None until more is received, or a Wait is over."""
        if not self._out and not self._over:
            if self._ends is not None:
                self._linger(self._ends)
            else:
                self._go_on()
        return self._out.popleft() if self._out else None

    def _linger(self, ends: float) -> None:
        if self._now() >= ends:
            self._end()
        else:
            self._wait(ends - self._now())

    def _wait(self, seconds: float) -> None:
        if not self._asleep:
            self._asleep = True
            self._out.append(Wait(seconds))

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._out.append(Close())

    def _take(self, event: Event) -> None:
        if isinstance(event, Message):
            self._parts.append(event.data.encode() if isinstance(event, TextMessage) else bytes(event.data))
            if event.message_finished:
                content, self._parts = b"".join(self._parts), []
                kind = MessageKind.TEXT if isinstance(event, TextMessage) else MessageKind.BINARY
                self._compare(kind, content)
        elif isinstance(event, Ping):
            self._out.append(self._connection.send(event.response()))
        elif isinstance(event, CloseConnection):
            if self._connection.state is ConnectionState.REMOTE_CLOSING:
                self._out.append(self._connection.send(event.response()))
            self._end()

    def _compare(self, kind: MessageKind, content: bytes) -> None:
        if self._ends is not None:
            return
        expected = self._expected.popleft() if self._expected else None
        if expected is None or expected.kind is not kind or not _equal(kind, expected.content, content):
            self._diverge(f"expected {_shown(expected)}")
        else:
            self._came += 1

    def _diverge(self, reason: str) -> None:
        self.diverged = reason
        self._close(POLICY_VIOLATION, reason)

    def _go_on(self) -> None:
        while self._script and not self._out and self._ends is None:
            one = self._script[0]
            if one.from_client:
                if not self._came:
                    return
                self._came -= 1
                self._anchor = (self._now(), one.at)
            else:
                moment, recorded = self._anchor
                left = moment + (one.at - recorded) * self._timing - self._now()
                if left > 0:
                    self._wait(left)
                    return
                self._say(one)
            self._script.popleft()

    def _say(self, message: WebSocketMessage) -> None:
        content = message.content
        match message.kind:
            case MessageKind.TEXT:
                self._out.append(self._connection.send(TextMessage(content.decode("utf-8", "replace"))))
            case MessageKind.BINARY:
                self._out.append(self._connection.send(BytesMessage(content)))
            case MessageKind.PING:
                self._out.append(self._connection.send(Ping(content)))
            case MessageKind.CLOSE if content == BROKEN_OFF:
                self._end()
            case MessageKind.CLOSE:
                code = int.from_bytes(content[:2], "big") if len(content) >= 2 else CloseReason.NO_STATUS_RCVD
                self._close(code, content[2:].decode("utf-8", "replace"))
            case MessageKind.PONG:  # the client's pings are answered when they come
                pass

    def _close(self, code: int, reason: str) -> None:
        shortened = reason.encode()[:MOST_REASON_BYTES].decode("utf-8", "ignore")
        self._out.append(self._connection.send(CloseConnection(code, shortened or None)))
        # The client answers, and that ends the connection; one that does not is not waited for forever.
        self._ends = self._now() + LINGER_SECONDS


def _equal(kind: MessageKind, expected: bytes, content: bytes) -> bool:
    if expected == content:
        return True
    if kind is not MessageKind.TEXT:
        return False
    try:
        return _alike(json.loads(expected), json.loads(content))
    except (ValueError, RecursionError):
        return is_but_for_secrets(expected.decode("utf-8", "replace"), content.decode("utf-8", "replace"))


def _alike(expected: object, value: object) -> bool:
    """Whether two values of JSON are equal, but for what was redacted."""
    match expected, value:
        case str(), str():
            return is_but_for_secrets(expected, value)
        case dict(), dict():
            return expected.keys() == value.keys() and all(_alike(each, value[name]) for name, each in expected.items())
        case list(), list():
            return len(expected) == len(value) and all(map(_alike, expected, value))
    # To Python True is 1, and to JSON it is not; while 1 is 1.0 to both.
    return isinstance(expected, bool) is isinstance(value, bool) and bool(expected == value)


def _shown(message: WebSocketMessage | None) -> str:
    if message is None:
        return "no further message"
    if message.kind is MessageKind.CLOSE:
        return "that the client closes"
    if message.kind is MessageKind.BINARY:
        return f"a binary message of {len(message.content)} bytes"
    text = BUILT_IN.message(message).content.decode("utf-8", "replace")
    return f"the text {text if len(text) <= SHOWN else text[:SHOWN] + '…'}"
