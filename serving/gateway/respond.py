"""The answers of a gateway, shared by its layer and its hook: the same decision, the same example, the same bytes."""

from __future__ import annotations

import logging
from time import time

from understudy.matcher.explanation.rendering import summarize_nearest
from understudy.serving.answers import example_replies
from understudy.serving.answers.answer import adapt_response, render_error
from understudy.serving.answers.outcomes import Outcome, find_outcome
from understudy.serving.answers.url_rewriting import rewrite_for_client
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.failed_exchanges import make_unfinished
from understudy.store.model.collections import Example
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Body, Origin, Request, Response
from understudy.store.model.mock_servers import Behaviour, FaultKind
from understudy.store.model.naming import escape_unprintable
from understudy.store.model.values import replace
from understudy.store.redaction.log_paths import format_log_path

logger = logging.getLogger(__name__)


def assign_origin(active: ActiveMode, request: Request, *, reverse: bool) -> Request:
    """Return the request with the origin by which it is decided.

    A request to a reverse proxy gets the origin of the recorded session. If the session has several, the request keeps
    that of the upstream.
    """
    if not reverse or (request.origin and request.origin.normal) in active.replay.hosts:
        return request
    return replace(request, origin=active.reverse_origin)


def decide_outcome(active: ActiveMode, request: Request, *, reverse: bool) -> Outcome:
    """Decide on a request of `assign_origin`; a replay counts it."""
    outcome = find_outcome(active.reverse_answers if reverse else active.answers, request)
    if active.mode is Mode.REPLAY:
        active.replay.note(request, outcome)
    return outcome


def render_failure(active: ActiveMode, outcome: Outcome) -> Response:
    """Render the error for a request without an example."""
    return active.replay.render_failure(outcome) if active.mode is Mode.REPLAY else outcome.render_failure()


def resolve_behaviour(active: ActiveMode, outcome: Outcome) -> Behaviour | None:
    """Return the behaviour of an answer; a replay only repeats what was recorded."""
    return (
        active.replay.resolve_behaviour(outcome)
        if active.mode is Mode.REPLAY
        else outcome.resolve_behaviour(active.behaviour)
    )


def refuse_over_limit(active: ActiveMode, outcome: Outcome, behaviour: Behaviour | None) -> Response | None:
    """Return the 429 if a simulated rate limit is exceeded."""
    return example_replies.refuse_over_limit(behaviour, outcome, active.rates, "gateway", time)


def build_response(request: Request, example: Example, body: Body, client: Origin | None) -> Response:
    """Return the example's response; `client` is the origin that a client of a reverse proxy calls, else None."""
    if example.response.status == 101:
        return render_error(426, "upgradeRequiredError", "This was recorded as a WebSocket.")
    response = adapt_response(request, example, body)
    fault = example.behaviour.fault
    if fault is not None and fault.kind is FaultKind.UNFINISHED:
        response = make_unfinished(response, example.response)
    upstream = example.request.origin
    return rewrite_for_client(response, upstream, str(client)) if upstream and client else response


def log_outcome(active: ActiveMode, method: str, path: bytes, outcome: Outcome) -> None:
    """Log one line for a request: how it was decided, without query, headers and body, which may hold secrets."""
    summary = outcome.summary
    if outcome.example is not None:
        if is_logging_hits():
            logger.info(
                "%s %s %s: %s (%s)",
                active.mode,
                method,
                format_log_path(path),
                escape_unprintable(outcome.example.name),
                summary,
            )
        return
    if is_logging_hits() and (nearest := summarize_nearest(outcome.decision)):
        summary = f"{summary}; {nearest}"
    logger.warning("%s %s %s: %s", active.mode, method, format_log_path(path), summary)


def report_divergence(active: ActiveMode, request: Request, entry: int, reason: str) -> None:
    """Count and log that a client sent another message than the recorded one, on the WebSocket of this request."""
    text = f"on the WebSocket of entry {entry}, {reason}"
    active.replay.tally.note_divergence(request, text)
    logger.warning("%s %s %s: %s", active.mode, request.method, format_log_path(request.path), escape_unprintable(text))


def is_logging_hits() -> bool:
    """Return whether `log_outcome` logs hits, and the nearest example of a miss."""
    return logger.isEnabledFor(logging.INFO)
