"""How a gateway answers, whoever asks: its layer or its hook. The same decision, the same example, the same bytes."""

from __future__ import annotations

import logging
from dataclasses import replace
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
from understudy.store.redaction.log_paths import format_log_path

logger = logging.getLogger(__name__)


def assign_origin(active: ActiveMode, request: Request, *, reverse: bool) -> Request:
    """The request as it is decided on: one to a reverse proxy belongs to where the session was recorded from.

    Where that was several hosts, it belongs to the upstream that the proxy stands for.
    """
    if not reverse or request.origin in active.replay.hosts:
        return request
    return replace(request, origin=active.reverse_origin)


def decide_outcome(active: ActiveMode, request: Request, *, reverse: bool) -> Outcome:
    """What answers a request, which `asked` gave."""
    what = find_outcome(active.reverse_answers if reverse else active.answers, request)
    if active.mode is Mode.REPLAY:
        active.replay.note(request, what)
    return what


def render_failure(active: ActiveMode, outcome: Outcome) -> Response:
    """The error to answer with where there is no example."""
    return active.replay.render_failure(outcome) if active.mode is Mode.REPLAY else outcome.render_failure()


def resolve_behaviour(active: ActiveMode, outcome: Outcome) -> Behaviour | None:
    """What is done on purpose; a replay does nothing but what was recorded."""
    return (
        active.replay.resolve_behaviour(outcome)
        if active.mode is Mode.REPLAY
        else outcome.resolve_behaviour(active.behaviour)
    )


def refuse_over_limit(active: ActiveMode, outcome: Outcome, behaviour: Behaviour | None) -> Response | None:
    """Return the 429 if a simulated rate limit is exceeded."""
    return example_replies.refuse_over_limit(behaviour, outcome, active.rates, "gateway", time)


def build_response(request: Request, example: Example, body: Body, client: Origin | None) -> Response:
    """The example's response; `client` is where a client of a reverse proxy believes to be talking to, else None."""
    if example.response.status == 101:
        return render_error(426, "upgradeRequiredError", "This was recorded as a WebSocket.")
    made = adapt_response(request, example, body)
    fault = example.behaviour.fault
    if fault is not None and fault.kind is FaultKind.UNFINISHED:
        made = make_unfinished(made, example.response)
    upstream = example.request.origin
    return rewrite_for_client(made, upstream, str(client)) if upstream and client else made


def log_outcome(active: ActiveMode, method: str, path: bytes, outcome: Outcome) -> None:
    """One line for a request: what decided, without its query, headers and body, which may hold secrets."""
    told = outcome.summary
    if outcome.example is not None:
        if is_logging_hits():
            logger.info(
                "%s %s %s: %s (%s)",
                active.mode,
                method,
                format_log_path(path),
                escape_unprintable(outcome.example.name),
                told,
            )
        return
    if is_logging_hits() and (nearest := summarize_nearest(outcome.decision)):
        told = f"{told}; {nearest}"
    logger.warning("%s %s %s: %s", active.mode, method, format_log_path(path), told)


def report_divergence(active: ActiveMode, request: Request, entry: int, reason: str) -> None:
    """Count and log that a client, on the WebSocket that this request began, did not say what the entry has."""
    told = f"on the WebSocket of entry {entry}, {reason}"
    active.replay.tally.note_divergence(request, told)
    logger.warning("%s %s %s: %s", active.mode, request.method, format_log_path(request.path), escape_unprintable(told))


def is_logging_hits() -> bool:
    """Whether `log` says anything of a hit, and why a miss is one."""
    return logger.isEnabledFor(logging.INFO)
