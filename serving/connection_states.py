"""The states of a connection that answers requests, and the moves between them.

Three things change independently, so there are three small machines. `Responder` holds one state of each and is the
only one that moves them.

`Phase` is what the connection does now. It moves with each step that `Responder.next` returns:

    WAITING ---- a request, refusal or Expect is in the queue ----> ANSWERING
    ANSWERING -- Fetch --> FETCHING -- receive_body --> ANSWERING
    ANSWERING -- Hold --> HOLDING -- release --> ANSWERING
    ANSWERING -- the steps of the answer are over --> WAITING
    ANSWERING -- Close, HandOver or Upgrade --> FINISHED
    WAITING ---- the lifetime is over --> FINISHED

After a Hold comes a Close: what is received meanwhile is not answered. FINISHED is final: what is received later is not
answered.

`Lifetime` is how long the connection stays open. The server ends it by `end_soon`, the client by `end_input` (it closed
its side, and may still read). Either may come first, and both are final; `AFTER_END_SOON` and `AFTER_END_INPUT` are the
moves.

`Backlog` is what has become of the bytes that were received since the connection was last idle. It decides two things:
whether those bytes may be kept as the key of a reply (ALONE), and whether they may still be handed over to another
layer (ALONE, UNANSWERED). A connection of which one request was answered cannot be handed over: the client would get
that answer twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Phase(Enum):
    """What a connection does now."""

    WAITING = "no answer is in progress"
    ANSWERING = "an answer is in progress"
    FETCHING = "an answer waits for a body from the store"
    HOLDING = "an answer that was given up when it was recorded is held open"
    FINISHED = "the last step was returned"


class Lifetime(Enum):
    """How long a connection stays open."""

    OPEN = "until an answer or the client ends it"
    DRAINING = "until the request in progress, or the next one, is answered"
    INPUT_ENDED = "until all requests that were received are answered"
    LAST_ANSWER = "until one of the requests that were received is answered"


class Backlog(Enum):
    """What has become of the bytes received since the connection was idle."""

    ALONE = "they are one whole request, received in one piece and not answered"
    UNANSWERED = "none of them is answered"
    ANSWERED = "at least one request in them is answered"


AFTER_END_SOON: Mapping[Lifetime, Lifetime] = {
    Lifetime.OPEN: Lifetime.DRAINING,
    Lifetime.DRAINING: Lifetime.DRAINING,
    Lifetime.INPUT_ENDED: Lifetime.LAST_ANSWER,
    Lifetime.LAST_ANSWER: Lifetime.LAST_ANSWER,
}

AFTER_END_INPUT: Mapping[Lifetime, Lifetime] = {
    Lifetime.OPEN: Lifetime.INPUT_ENDED,
    Lifetime.DRAINING: Lifetime.LAST_ANSWER,
    Lifetime.INPUT_ENDED: Lifetime.INPUT_ENDED,
    Lifetime.LAST_ANSWER: Lifetime.LAST_ANSWER,
}
