"""A recorded WebSocket spoken again, without its socket: the client's messages are compared, the server's are sent.

Messages of the client are taken in recorded order; a message of the server goes out when all that the client had sent
before it has come, and no sooner than it did.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

from understudy.serving.steps import Close, Wait
from understudy.serving.websockets.message_comparison import describe_difference, is_expected
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor

# RFC 6455, section 7.4.1: received, and not what it has to be.
POLICY_VIOLATION = 1008
MOST_REASON_BYTES = 123  # RFC 6455, section 5.5: a control frame holds 125, and 2 are the code
LINGER_SECONDS = 2.0
COMPARED_KINDS = (MessageKind.TEXT, MessageKind.BINARY, MessageKind.CLOSE)

ConversationStep = bytes | Wait | Close


class Conversation:
    """One conversation with one client. `began` is when the recorded one did; `timing` as in `Behaviour.timing`.

    Whoever owns the socket calls `receive` with what came, `awake` after a Wait, and then `next` until it is None.
    `diverged` says which of the client's messages, counted from 1, was not the recorded one, what was expected and what
    came, without what `redactor` finds; None as long as all were.
    """

    def __init__(
        self,
        messages: Sequence[WebSocketMessage],
        began: float,
        timing: float,
        now: Callable[[], float] = monotonic,
        *,
        redactor: Redactor = BUILT_IN_REDACTOR,
    ) -> None:
        self._connection = Connection(ConnectionType.SERVER)
        self._script = deque(one for one in messages if not one.from_client or one.kind in COMPARED_KINDS)
        self._expected = deque(one for one in messages if one.from_client and one.kind in COMPARED_KINDS)
        self._came = 0  # messages of the client that are still in the script
        self._heard = 0  # messages of the client in all
        self._redactor = redactor
        self._timing = timing
        self._now = now
        self._anchor = (now(), began)  # a moment, and the recorded one that it stands for
        self._parts: list[bytes] = []
        self._out: deque[ConversationStep] = deque()
        self._asleep = False
        self._ends: float | None = None  # we have closed, and wait for the client's answer until then
        self._over = False
        self.divergence: str | None = None

    def receive(self, data: bytes | None) -> None:
        """Take what the client sent; None when it sends no more."""
        if data is None:
            self._end()
        elif self._connection.state is not ConnectionState.CLOSED:
            self._connection.receive_data(data)
            for event in self._connection.events():
                self._handle_event(event)

    def wake(self) -> None:
        """What was waited for is over."""
        self._asleep = False

    def next(self) -> ConversationStep | None:
        """What to do next; None until more is received, or a Wait is over."""
        if not self._out and not self._over:
            if self._ends is not None:
                self._linger(self._ends)
            else:
                self._advance()
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

    def _handle_event(self, event: Event) -> None:
        if isinstance(event, Message):
            self._parts.append(event.data.encode() if isinstance(event, TextMessage) else bytes(event.data))
            if event.message_finished:
                content, self._parts = b"".join(self._parts), []
                kind = MessageKind.TEXT if isinstance(event, TextMessage) else MessageKind.BINARY
                self._compare(WebSocketMessage(self._now(), True, kind, content))
        elif isinstance(event, Ping):
            self._out.append(self._connection.send(event.response()))
        elif isinstance(event, CloseConnection):
            if self._connection.state is ConnectionState.REMOTE_CLOSING:
                self._out.append(self._connection.send(event.response()))
            self._end()

    def _compare(self, said: WebSocketMessage) -> None:
        if self._ends is not None:
            return
        self._heard += 1
        expected = self._expected.popleft() if self._expected else None
        if is_expected(expected, said):
            self._came += 1
        else:
            self._diverge(*describe_difference(expected, said, self._redactor))

    def _diverge(self, expected: str, came: str) -> None:
        self.divergence = f"message {self._heard} of the client: expected {expected}, got {came}"
        self._close(POLICY_VIOLATION, f"message {self._heard}: expected {expected}")

    def _advance(self) -> None:
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
                self._send(one)
            self._script.popleft()

    def _send(self, message: WebSocketMessage) -> None:
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
