"""The replay of a recorded gRPC call, without its stream: client messages are compared, the server's are sent.

The client has to send its messages in recorded order. What the server sent goes out when all client messages recorded
before it were received, and not before its recorded time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from understudy.matcher.body_forms.open_places import NO_MARKS, Marks
from understudy.serving.grpc.message_comparison import describe_difference, is_expected
from understudy.serving.grpc.script import CallScript, Ending, Turn, TurnKind
from understudy.serving.steps import Wait
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor


@dataclass(frozen=True, slots=True)
class SendHead:
    """Send the head of the recorded response."""


@dataclass(frozen=True, slots=True)
class EndCall:
    """End the call as it was recorded: with its trailers, or by a reset."""

    by_reset: bool = False


@dataclass(frozen=True, slots=True)
class FailCall:
    """End the call with this reason: the client did not send what was recorded."""

    reason: str


CallStep = SendHead | bytes | Wait | EndCall | FailCall
"""Bytes are a message of the server with its prefix."""


class CallConversation:
    """One replayed call. `timing` is as in `Behaviour.timing`.

    The owner of the stream calls `receive` with each message of the client, without prefix and compression, `wake`
    after a Wait, and then `next` until it returns None. `divergence` describes the first message, counted from 1, that
    is not the recorded one, without the secrets that `redactor` finds; None until then. `ignored` are JSON paths that
    are not compared.
    """

    def __init__(
        self,
        script: CallScript,
        timing: float,
        now: Callable[[], float] = monotonic,
        *,
        redactor: Redactor = BUILT_IN_REDACTOR,
        ignored: Marks = NO_MARKS,
    ) -> None:
        self._script = deque(script.turns)
        self._ending = script.ending
        self._expected = deque(turn for turn in script.turns if turn.from_client)
        # The server ended the call before the client did: what the client sent meanwhile was not recorded.
        self._is_open_ended = all(turn.kind is not TurnKind.END for turn in self._expected)
        self._early = 0  # turns of the client that are still in the script
        self._received = 0  # messages of the client in all
        self._redactor = redactor
        self._ignored = ignored
        self._timing = timing
        self._now = now
        self._anchor = (now(), script.began)  # a time now, and the recorded time that it corresponds to
        self._is_waiting = False
        self._is_over = False
        self.divergence: str | None = None

    def receive(self, content: bytes | None) -> None:
        """Take a message of the client; None when it sends no more."""
        self._received += 1
        if self.divergence is not None or (not self._expected and self._is_open_ended):
            return
        expected = self._expected.popleft() if self._expected else None
        if is_expected(expected, content, self._ignored):
            self._early += 1
        else:
            wanted, got = describe_difference(expected, content, self._redactor)
            self.divergence = f"message {self._received} of the client: expected {wanted}, got {got}"

    def wake(self) -> None:
        """Note that the Wait is over."""
        self._is_waiting = False

    def next(self) -> CallStep | None:
        """Return the next step; None until more is received, a Wait is over, or for ever after the end."""
        if self._is_over or self._is_waiting:
            return None
        if self.divergence is not None:
            self._is_over = True
            return FailCall(self.divergence)
        self._skip_client_turns()
        if not self._script or self._script[0].from_client:
            return None
        seconds = self._measure_wait(self._script[0])
        if seconds > 0:
            self._is_waiting = True
            return Wait(seconds)
        return self._take_step(self._script.popleft())

    def _skip_client_turns(self) -> None:
        while self._early and self._script and self._script[0].from_client:
            self._early -= 1
            self._anchor = (self._now(), self._script.popleft().at)

    def _measure_wait(self, turn: Turn) -> float:
        anchor, recorded = self._anchor
        return anchor + (turn.at - recorded) * self._timing - self._now()

    def _take_step(self, turn: Turn) -> CallStep | None:
        match turn.kind:
            case TurnKind.HEAD:
                return SendHead()
            case TurnKind.MESSAGE:
                return turn.content
        self._is_over = True
        return None if self._ending is Ending.OPEN else EndCall(by_reset=self._ending is Ending.RESET)
