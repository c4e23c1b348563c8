"""The answers of a gateway, shared by its layer and its hook: the same decision, the same example, the same bytes."""

from __future__ import annotations

import logging
from time import time

from understudy.matcher.explanation.rendering import summarize_match_by_ids, summarize_nearest
from understudy.matcher.explanation.suggestions import suggest_ids
from understudy.serving.answers import answer, example_replies
from understudy.serving.answers.answer import adapt_response, render_error
from understudy.serving.answers.conditional import apply_conditions
from understudy.serving.answers.outcomes import Answers, Outcome, find_outcome
from understudy.serving.answers.rpc_ids import carry_ids
from understudy.serving.fields.body_rewriting import needs_body, rewrite_example_body
from understudy.serving.fields.cookie_rewriting import RenamedCookies
from understudy.serving.fields.url_rewriting import rewrite_for_client
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.failed_exchanges import MissNote, make_unfinished
from understudy.serving.gateway.ignored_hosts import render_ignored
from understudy.serving.seen_calls import CALL_LOGGER
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Body, Origin, Request, Response
from understudy.store.model.mock_servers import Behaviour, FaultKind
from understudy.store.model.naming import escape_unprintable
from understudy.store.model.values import replace
from understudy.store.redaction.log_paths import format_log_path

logger = logging.getLogger(__name__)
call_logger = logging.getLogger(CALL_LOGGER)

NO_ANSWERS = Answers()


def assign_origin(active: ActiveMode, request: Request, *, reverse: bool) -> Request:
    """Return the request with the origin by which it is decided.

    A request to a reverse proxy gets the origin of the recorded session. If the session has several, the request keeps
    that of the upstream.
    """
    if not reverse or (request.origin and request.origin.normal) in active.replay.hosts:
        return request
    return replace(request, origin=active.reverse_origin)


def decide_outcome(active: ActiveMode, request: Request, *, reverse: bool) -> Outcome:
    """Decide on a request of `assign_origin`; a replay or a mock counts it, unless its host is ignored."""
    if active.is_unanswered(request):
        active.replay.tally.has_requests = True
        return find_outcome(NO_ANSWERS, request)
    answers = active.reverse_answers if reverse else active.answers
    outcome = find_outcome(answers, request)
    if active.mode is Mode.REPLAY:
        if outcome.example is None:
            outcome = active.replay.early.find_outcome(answers, request) or outcome
        active.replay.note(request, outcome)
    elif active.mode is Mode.MOCK:
        note = None if outcome.example else MissNote(outcome.explain_miss(), suggest_ids(outcome.decision))
        active.replay.tally.note(request, outcome, note)
    return outcome


def render_failure(active: ActiveMode, outcome: Outcome) -> Response:
    """Render the error for a request without an example."""
    if active.is_unanswered(outcome.decision.request):
        return render_ignored(outcome.decision.request.origin)
    return active.replay.render_failure(outcome) if active.mode is Mode.REPLAY else outcome.render_failure()


def explain_miss(active: ActiveMode, outcome: Outcome) -> str:
    """Return why no example answers a request, in a few words, as the error to its client does."""
    if active.is_unanswered(outcome.decision.request):
        return "its host is ignored"
    if active.mode is Mode.REPLAY and outcome.decision.problem is None:
        return active.replay.explain(outcome.decision)
    return outcome.explain_miss()


def resolve_behaviour(active: ActiveMode, outcome: Outcome) -> Behaviour | None:
    """Return the behaviour of an answer; a replay only repeats what was recorded."""
    if active.is_unanswered(outcome.decision.request):
        return None
    return (
        active.replay.resolve_behaviour(outcome)
        if active.mode is Mode.REPLAY
        else outcome.resolve_behaviour(active.behaviour)
    )


def refuse_over_limit(active: ActiveMode, outcome: Outcome, behaviour: Behaviour | None) -> Response | None:
    """Return the 429 if a simulated rate limit is exceeded."""
    return example_replies.refuse_over_limit(behaviour, outcome, active.rates, "gateway", time)


def needs_whole_body(active: ActiveMode, request: Request, outcome: Outcome, *, reverse: bool) -> bool:
    """Return whether `build_response` needs all bytes of a body that is in the store."""
    example = outcome.example
    if example is None:
        return False
    is_rewritten = reverse and active.rewrites_bodies and needs_body(example)
    return is_rewritten or answer.needs_whole_body(request, example, is_edited=bool(outcome.new_ids))


def build_response(
    active: ActiveMode,
    request: Request,
    outcome: Outcome,
    body: Body,
    client: Origin | None,
    renamed: RenamedCookies,
) -> Response:
    """Return the example's response; `client` is the origin that a client of a reverse proxy calls, else None.

    `renamed` remembers the cookies whose names are changed for the client.
    """
    example = outcome.example
    assert example is not None
    if example.response.status == 101:
        return render_error(426, "upgradeRequiredError", "This was recorded as a WebSocket.")
    sent = example
    if client and active.rewrites_bodies:
        sent, body = rewrite_example_body(example, body, str(client))
    response = carry_ids(adapt_response(request, sent, body), outcome.new_ids)
    response = apply_conditions(response, request, outcome)
    response = active.dates.apply(response, example)
    fault = example.behaviour.fault
    if fault is not None and fault.kind is FaultKind.UNFINISHED:
        response = make_unfinished(response, example.response)
    upstream = example.request.origin
    response = rewrite_for_client(response, upstream, str(client), renamed) if upstream and client else response
    if active.explains:
        return example_replies.name_example(response, example, outcome.path_reason)
    return response


def log_outcome(active: ActiveMode, method: str, path: bytes, outcome: Outcome) -> None:
    """Log one line for a request: how it was decided, without query, headers and body, which may hold secrets."""
    summary = outcome.summary
    if active.is_unanswered(outcome.decision.request):
        call_logger.info("%s %s %s: its host is ignored", active.mode, method, format_log_path(path))
        return
    if outcome.example is not None:
        if loose := active.loose_matches.describe(outcome):
            logger.warning("%s %s %s: %s", active.mode, method, format_log_path(path), loose)
        elif is_logging_hits():
            call_logger.info(
                "%s %s %s: %s (%s)",
                active.mode,
                method,
                format_log_path(path),
                escape_unprintable(outcome.example.name),
                summary,
            )
        return
    if by_ids := summarize_match_by_ids(outcome.decision):
        summary = f"{summary}; {by_ids}"
    if is_logging_hits() and (nearest := summarize_nearest(outcome.decision)):
        summary = f"{summary}; {nearest}"
    call_logger.warning("%s %s %s: %s", active.mode, method, format_log_path(path), summary)


def report_divergence(
    active: ActiveMode, request: Request, entry: int, reason: str, *, place: str = "on the WebSocket"
) -> None:
    """Count and log that a client sent another message than the recorded one, on the WebSocket of this request.

    `place` names another place than a WebSocket.
    """
    text = f"{place} of entry {entry}, {reason}"
    active.replay.tally.note_divergence(request, text)
    logger.warning("%s %s %s: %s", active.mode, request.method, format_log_path(request.path), escape_unprintable(text))


def is_logging_hits() -> bool:
    """Return whether `log_outcome` logs hits, and the nearest example of a miss."""
    return call_logger.isEnabledFor(logging.INFO)
