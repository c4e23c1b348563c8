"""What a gateway decides about a request that reaches it by hooks: what answers it, or why it cannot be forwarded."""

from __future__ import annotations

from understudy.serving.answers.behaviour_plan import Plan, throttle_chunks
from understudy.serving.answers.body_schedule import BodySchedule
from understudy.serving.answers.outcomes import Outcome
from understudy.serving.answers.streams import stream_from_response
from understudy.serving.gateway import respond
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.error_replies import NO_UPSTREAM, render_other_upstream
from understudy.serving.grpc.grpc_errors import adapt_error
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Origin, Request, Response, measure_body
from understudy.store.model.mock_servers import FaultKind
from understudy.store.model.values import replace


def decide_answer(active: ActiveMode, request: Request, *, reverse: bool) -> Outcome | None:
    """Return what answers a request, and log it; None for a request that spy mode forwards: no example answers it.

    For modes that answer from examples; `reverse` is whether the client takes the gateway for the API itself.
    """
    outcome = respond.decide_outcome(active, request, reverse=reverse)
    if not outcome.has_answer and active.mode is Mode.SPY:
        return None
    respond.log_outcome(active, request.method, request.path, outcome)
    return outcome


def refuse_forwarding(upstream: Origin | None, *, reverse: bool, names_host: bool) -> Response | None:
    """Return the error for a request that cannot be forwarded, None for one that can.

    A forward proxy cannot forward a request that names no host. With an `upstream`, which is the only one that the
    gateway calls, only requests to the gateway as a reverse proxy are forwarded.
    """
    if not names_host:
        return NO_UPSTREAM
    return None if reverse or upstream is None else render_other_upstream(upstream)


def render_failure(active: ActiveMode, request: Request, outcome: Outcome) -> Response:
    """Return the error for a request that no example answers; one to HEAD has no body (RFC 9110, section 9.3.2)."""
    failure = adapt_error(request, respond.render_failure(active, outcome))
    return replace(failure, body=b"") if request.method == "HEAD" else failure


def schedule_body(response: Response, plan: Plan, timing: float) -> BodySchedule | None:
    """Return when each piece of a response's body is sent; None if all of it is sent at once.

    `timing` is the factor of the recorded times. A body without an end stops after its last recorded piece.
    """
    if plan.bytes_per_second:
        return BodySchedule(throttle_chunks(measure_body(response.body), plan.bytes_per_second), response.body)
    stream = stream_from_response(response, timing)
    if plan.fault is FaultKind.EMPTY:
        return BodySchedule((), b"")
    if plan.fault is FaultKind.UNFINISHED:
        return BodySchedule(stream.chunks if stream else (), response.body)
    return BodySchedule(stream.chunks, response.body) if stream else None
