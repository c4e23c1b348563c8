"""The replay of a recorded WebSocket, without its socket: client messages are compared, server messages are sent.

The client has to send its messages in recorded order. A message of the server is sent when all client messages
recorded before it were received, and not before its recorded time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

from understudy.matcher.body_forms.open_places import NO_MARKS, Marks
from understudy.serving.steps import Close, Wait
from understudy.serving.websockets.message_comparison import describe_difference, is_expected
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor

# RFC 6455, section 7.4.1: the message violates a policy.
POLICY_VIOLATION = 1008
MOST_REASON_BYTES = 123  # RFC 6455, section 5.5: a control frame holds 125, and 2 are the code
LINGER_SECONDS = 2.0
COMPARED_KINDS = (MessageKind.TEXT, MessageKind.BINARY, MessageKind.CLOSE)

ConversationStep = bytes | Wait | Close


class Conversation:
    """One conversation with one client. `began` is the start of the recorded one; `timing` as in `Behaviour.timing`.

    The owner of the socket calls `receive` with the bytes that arrive, `wake` after a Wait, and then `next` until it
    returns None. `divergence` describes the first client message, counted from 1, that is not the recorded one, without
    the secrets that `redactor` finds; None until then. `ignored` are JSON paths that are not compared.
    """

    def __init__(
        self,
        messages: Sequence[WebSocketMessage],
        began: float,
        timing: float,
        now: Callable[[], float] = monotonic,
        *,
        redactor: Redactor = BUILT_IN_REDACTOR,
        ignored: Marks = NO_MARKS,
    ) -> None:
        self._connection = Connection(ConnectionType.SERVER)
        self._script = deque(one for one in messages if not one.from_client or one.kind in COMPARED_KINDS)
        self._expected = deque(one for one in messages if one.from_client and one.kind in COMPARED_KINDS)
        self._early = 0  # messages of the client that are still in the script
        self._received = 0  # messages of the client in all
        self._redactor = redactor
        self._ignored = ignored
        self._timing = timing
        self._now = now
        self._anchor = (now(), began)  # a time now, and the recorded time that it corresponds to
        self._parts: list[bytes] = []
        self._out: deque[ConversationStep] = deque()
        self._is_waiting = False
        self._linger_until: float | None = None  # closed; the client may answer until then
        self._is_over = False
        self.divergence: str | None = None

    def receive(self, data: bytes | None) -> None:
        """Take bytes of the client; None when it sends no more."""
        if data is None:
            self._end()
        elif self._connection.state is not ConnectionState.CLOSED:
            self._connection.receive_data(data)
            for event in self._connection.events():
                self._handle_event(event)

    def wake(self) -> None:
        """Note that the Wait is over."""
        self._is_waiting = False

    def next(self) -> ConversationStep | None:
        """Return the next step; None until more is received, or a Wait is over."""
        if not self._out and not self._is_over:
            if self._linger_until is not None:
                self._linger(self._linger_until)
            else:
                self._advance()
        return self._out.popleft() if self._out else None

    def _linger(self, until: float) -> None:
        if self._now() >= until:
            self._end()
        else:
            self._wait(until - self._now())

    def _wait(self, seconds: float) -> None:
        if not self._is_waiting:
            self._is_waiting = True
            self._out.append(Wait(seconds))

    def _end(self) -> None:
        if not self._is_over:
            self._is_over = True
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

    def _compare(self, received: WebSocketMessage) -> None:
        if self._linger_until is not None:
            return
        self._received += 1
        expected = self._expected.popleft() if self._expected else None
        if is_expected(expected, received, self._ignored):
            self._early += 1
        else:
            self._diverge(*describe_difference(expected, received, self._redactor))

    def _diverge(self, expected: str, received: str) -> None:
        self.divergence = f"message {self._received} of the client: expected {expected}, got {received}"
        self._close(POLICY_VIOLATION, f"message {self._received}: expected {expected}")

    def _advance(self) -> None:
        while self._script and not self._out and self._linger_until is None:
            one = self._script[0]
            if one.from_client:
                if not self._early:
                    return
                self._early -= 1
                self._anchor = (self._now(), one.at)
            else:
                anchor, recorded = self._anchor
                left = anchor + (one.at - recorded) * self._timing - self._now()
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
            case MessageKind.PONG:  # pings of the client are answered when they arrive
                pass

    def _close(self, code: int, reason: str) -> None:
        shortened = reason.encode()[:MOST_REASON_BYTES].decode("utf-8", "ignore")
        self._out.append(self._connection.send(CloseConnection(code, shortened or None)))
        # The answer of the client ends the connection; a client that does not answer is not awaited forever.
        self._linger_until = self._now() + LINGER_SECONDS
