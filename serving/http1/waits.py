"""What a server waits for from a client, and how long it may wait. No clock, no sockets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import NamedTuple

from understudy.serving.http1.limits import Limits
from understudy.serving.http1.rules import MalformedRequest

LINGER_SECONDS = 2.0
"""After a refusal, a connection reads on until its client pauses for so long, and at most LONGEST_LINGER_SECONDS."""
LONGEST_LINGER_SECONDS = 30.0


class Awaited(Enum):
    """What a connection waits for."""

    NOTHING = auto()
    """Nothing from the client: a request is under way."""
    REQUEST = auto()
    """The next request, of which nothing has come: the connection is idle."""
    HANDSHAKE = auto()
    """The rest of a handshake of TLS."""
    HEAD = auto()
    """The rest of a head."""
    BODY = auto()
    """The rest of a body."""
    MOVEMENT = auto()
    """Anything, from either side of a tunnel, a WebSocket or a stream."""
    END = auto()
    """The end: the last answer has been sent, and what still comes is dropped."""


class ClientWait(NamedTuple):
    """A wait. `number` tells it from the next one of its kind, such as that for the next head."""

    kind: Awaited
    number: float = 0


NO_WAIT = ClientWait(Awaited.NOTHING)
# Their limits are for the whole of it, those of the others for the next byte.
_WHOLE = (Awaited.HANDSHAKE, Awaited.HEAD)


@dataclass(slots=True)
class ClientClock:
    """How long a client lets its server wait. `look` is called from time to time, with times in seconds.

    A wait counts from the look that first sees it, so it may take longer by the time between two looks.
    """

    wait: ClientWait = NO_WAIT
    since: float = 0.0  # it began, or the last byte came
    began: float = 0.0
    received: int = 0  # bytes, at the last look
    received_before: int = 0  # bytes, when the wait began

    def look(self, wait: ClientWait, received: int, now: float, *, is_paused: bool = False) -> None:
        """Note what is awaited, and how many bytes have come in all; with `is_paused` they could not come."""
        if wait != self.wait or wait.kind is Awaited.NOTHING:
            self.wait, self.since, self.began, self.received_before = wait, now, now, received
        elif is_paused:
            self.began += now - self.since
            self.since = now
        elif received != self.received and wait.kind not in _WHOLE:
            self.since = now
        self.received = received

    def is_over(self, limits: Limits, now: float) -> bool:
        """Return whether it has waited for too long."""
        if now - self.since > find_limit(limits, self.wait.kind):
            return True
        if self.wait.kind is Awaited.BODY and limits.body_rate:
            allowed = limits.body_seconds + (self.received - self.received_before) / limits.body_rate
            return now - self.began > allowed
        return self.wait.kind is Awaited.END and now - self.began > LONGEST_LINGER_SECONDS


def find_limit(limits: Limits, awaited: Awaited) -> float:
    """Return for how many seconds a client may be waited for."""
    match awaited:
        case Awaited.NOTHING:
            return inf
        case Awaited.REQUEST:
            return limits.idle_seconds
        case Awaited.HANDSHAKE:
            return limits.handshake_seconds
        case Awaited.HEAD:
            return limits.head_seconds
        case Awaited.BODY:
            return limits.body_seconds
        case Awaited.MOVEMENT:
            return limits.tunnel_seconds
        case Awaited.END:
            return LINGER_SECONDS


def refuse_slow(limits: Limits, awaited: Awaited) -> MalformedRequest:
    """Return the refusal of a request that did not come in time (RFC 9110, section 15.5.9)."""
    if awaited is Awaited.HEAD:
        return MalformedRequest(408, f"the head of the request did not come within {limits.head_seconds:g} seconds")
    rate = f", or came with fewer than {limits.body_rate} bytes a second" if limits.body_rate else ""
    return MalformedRequest(408, f"the body of the request paused for {limits.body_seconds:g} seconds{rate}")


@dataclass(slots=True)
class OutputClock:
    """Since when a client takes nothing of what it is sent."""

    since: float = 0.0
    unsent: int = 0
    resumed: int = 0

    def look(self, unsent: int, resumed: int, now: float) -> None:
        """Note how many bytes are not sent, and how often the client has made room again."""
        if not unsent or unsent < self.unsent or resumed != self.resumed or not self.unsent:
            self.since = now
        self.unsent, self.resumed = unsent, resumed

    def is_over(self, limits: Limits, now: float) -> bool:
        """Return whether the client has taken nothing for too long."""
        return self.unsent > 0 and now - self.since > limits.write_seconds
