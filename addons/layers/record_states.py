"""The states of a recording layer, and the moves between them: those of the client's connection, those of an exchange.

The client's connection (`ClientState`) decides what becomes of the next bytes that the client sends:

    Idle         They begin a request.
    Spying       They belong to a request that is read whole, because the examples are asked first.
    Forwarding   They belong to a request that goes to its upstream as it comes, or wait for the end of that exchange.
    Skipping     They belong to a request that is answered already. They are dropped.
    Ended        The connection is closed, or about to be. They are dropped.

    Idle --> Spying        a request in spy mode            Forwarding --> Idle   the exchange is over
    Idle --> Forwarding    a request in pass or record      Skipping --> Idle     the request is over
    Idle --> Skipping      a request that is refused        any --> Ended         the client left, a side wants the end,
    Spying --> Forwarding  no example answers                                     or the next request cannot be found
    Spying --> Idle        an example has answered

An exchange has two states. `Progress` is how far it is on its way to the store:

    RUNNING      Bytes pass. Pieces of large bodies may go to the store already.
    ENDED        Nothing more comes from either side. The last pieces of large bodies may be on their way to the store.
    SUBMITTED    The history writer has it, and will report its commit.

`Delivery` is what the client has got of the response:

    WITHHELD     Nothing: it can still be replaced by an error.
    BEGUN        Its beginning.
    ABANDONED    The client left before the end came from the upstream. It gets nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, TypeVar

from understudy.addons.layers.spy import SpyRequest
from understudy.serving.http1.heads import RequestHead


class ClientState:
    """A state of the client's connection, with the classes of those that may follow."""

    __slots__ = ()
    moves: ClassVar[tuple[object, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Idle(ClientState):
    """The next bytes begin a request."""


@dataclass(frozen=True, slots=True, eq=False)
class Spying(ClientState):
    """A request in spy mode is read, or looked up."""

    spy: SpyRequest


@dataclass(frozen=True, slots=True, eq=False)
class Forwarding(ClientState):
    """A request is with the forwarder."""


@dataclass(frozen=True, slots=True, eq=False)
class Skipping(ClientState):
    """A request with this head is answered, and not read to its end."""

    head: RequestHead


@dataclass(frozen=True, slots=True, eq=False)
class Ended(ClientState):
    """Nothing more is sent to the client."""


class Progress(Enum):
    """How far an exchange is on its way to the store."""

    RUNNING = auto()
    ENDED = auto()
    SUBMITTED = auto()
    moves: tuple[object, ...]


class Delivery(Enum):
    """What the client has got of a response."""

    WITHHELD = auto()
    BEGUN = auto()
    ABANDONED = auto()
    moves: tuple[object, ...]


Idle.moves = (Spying, Forwarding, Skipping, Ended)
Spying.moves = (Forwarding, Idle, Ended)
Forwarding.moves = (Idle, Ended)
Skipping.moves = (Idle, Ended)
Ended.moves = ()

Progress.RUNNING.moves = (Progress.ENDED,)
Progress.ENDED.moves = (Progress.SUBMITTED,)
Progress.SUBMITTED.moves = ()

Delivery.WITHHELD.moves = (Delivery.BEGUN, Delivery.ABANDONED)
Delivery.BEGUN.moves = (Delivery.BEGUN, Delivery.ABANDONED)
Delivery.ABANDONED.moves = ()

_State = TypeVar("_State", ClientState, Progress, Delivery)


def move(before: _State, after: _State) -> _State:
    """Return the state after a move; raise RuntimeError if the state before does not allow it."""
    if type(after) not in before.moves and after not in before.moves:
        raise RuntimeError(f"no move leads from {before} to {after}")
    return after
