"""What a gateway decides about a gRPC call while its client is still sending: the client may wait for an answer."""

from __future__ import annotations

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


def may_wait(active: ActiveMode, request: Request, count: int, *, reverse: bool) -> bool:
    """Return whether what a client still sends may make an answer out of a request that has `count` messages so far.

    Without such an answer the client gets an error at once, for it may wait for one.
    """
    if active.is_unanswered(request):
        return False
    if active.mode is Mode.REPLAY and (most := active.replay.calls.count_most_messages(request)) != count:
        return count < most
    return (active.reverse_answers if reverse else active.answers).index.decide(request).candidate is not None
