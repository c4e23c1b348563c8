"""What a gateway decides about a gRPC call while its client is still sending: the client may wait for an answer."""

from __future__ import annotations

import sys

from understudy.serving.answers.outcomes import Outcome
from understudy.serving.gateway import respond
from understudy.serving.gateway.active import ActiveMode
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Request
from understudy.store.model.values import replace


def find_conversation(active: ActiveMode, request: Request, first_message: bytes, *, reverse: bool) -> Outcome | None:
    """Return the outcome of a bidirectional call by its client's first message; None if none was recorded.

    The server may also have ended a call before it got a message.
    """
    index = (active.reverse_answers if reverse else active.answers).index
    for body in (first_message, b""):
        shortened = replace(request, body=body)
        candidate = index.decide(shortened).candidate
        if candidate is not None and active.replay.calls.has_bidirectional(candidate.examples):
            outcome = respond.decide_outcome(active, shortened, reverse=reverse)
            respond.log_outcome(active, request.method, request.path, outcome)
            return outcome
    return None


def count_messages_to_wait_for(active: ActiveMode, request: Request, count: int, *, reverse: bool) -> int | None:
    """Return the number of messages after which to decide about a request that has `count` so far, unless it ends.

    None if it is to be answered now: nothing that its client may still send makes a recorded request of it, and the
    client may wait for the error.
    """
    if active.is_unanswered(request):
        return None
    most = active.replay.calls.count_most_messages(request) if active.mode is Mode.REPLAY else count
    if most != count:
        return most if count < most else None
    answers = active.reverse_answers if reverse else active.answers
    if answers.index.decide(request).candidate is None:
        return None
    return count + 1 if active.mode is Mode.REPLAY else sys.maxsize
