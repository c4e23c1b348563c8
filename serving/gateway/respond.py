"""How a gateway answers, whoever asks: its layer or its hook. The same decision, the same example, the same bytes."""

from __future__ import annotations

import logging
from dataclasses import replace
from time import time

from understudy.matcher.explanation.rendering import nearest_line
from understudy.serving.answers.answer import answer, error
from understudy.serving.answers.outcomes import Outcome, outcome
from understudy.serving.answers.rate_limits import limited
from understudy.serving.answers.url_rewriting import rewrite_for_client
from understudy.serving.gateway.active import Active
from understudy.serving.gateway.failed_exchanges import unfinished
from understudy.store.model.collections import Example
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Body, Origin, Request, Response
from understudy.store.model.mock_servers import Behaviour, FaultKind
from understudy.store.model.naming import printable
from understudy.store.redaction.log_paths import logged_path

logger = logging.getLogger(__name__)


def asked(active: Active, request: Request, *, reverse: bool) -> Request:
    """The request as it is decided on: one to a reverse proxy belongs to where the session was recorded from.

    Where that was several hosts, it belongs to the upstream that the proxy stands for.
    """
    if not reverse or request.origin in active.replay.hosts:
        return request
    return replace(request, origin=active.own_origin)


def found(active: Active, request: Request, *, reverse: bool) -> Outcome:
    """What answers a request, which `asked` gave."""
    what = outcome(active.own if reverse else active.answers, request)
    if active.mode is Mode.REPLAY:
        active.replay.note(request, what)
    return what


def failure(active: Active, what: Outcome) -> Response:
    """The error to answer with where there is no example."""
    return active.replay.failure(what) if active.mode is Mode.REPLAY else what.failure()


def behaviour(active: Active, what: Outcome) -> Behaviour | None:
    """What is done on purpose; a replay does nothing but what was recorded."""
    return active.replay.behaviour(what) if active.mode is Mode.REPLAY else what.behaviour(active.behaviour)


def refused(active: Active, what: Outcome, on_purpose: Behaviour | None) -> Response | None:
    """429 where a simulated rate limit is reached."""
    if on_purpose is None or on_purpose.rate_limit is None:
        return None
    return limited(on_purpose.rate_limit, active.rates, what.limit_key("gateway"), time())


def response(request: Request, example: Example, body: Body, client: Origin | None) -> Response:
    """The example's response; `client` is where a client of a reverse proxy believes to be talking to, else None."""
    if example.response.status == 101:
        return error(426, "upgradeRequiredError", "This was recorded as a WebSocket.")
    made = answer(request, example, body)
    fault = example.behaviour.fault
    if fault is not None and fault.kind is FaultKind.UNFINISHED:
        made = unfinished(made, example.response)
    upstream = example.request.origin
    return rewrite_for_client(made, upstream, str(client)) if upstream and client else made


def log(active: Active, method: str, path: bytes, what: Outcome) -> None:
    """One line for a request: what decided, without its query, headers and body, which may hold secrets."""
    told = what.told
    if what.example is not None:
        if logs_hits():
            logger.info("%s %s %s: %s (%s)", active.mode, method, logged_path(path), printable(what.example.name), told)
        return
    if logs_hits() and (nearest := nearest_line(what.decision)):
        told = f"{told}; {nearest}"
    logger.warning("%s %s %s: %s", active.mode, method, logged_path(path), told)


def diverged(active: Active, request: Request, entry: int, reason: str) -> None:
    """Count and log that a client, on the WebSocket that this request began, did not say what the entry has."""
    told = f"on the WebSocket of entry {entry}, {reason}"
    active.replay.tally.diverged(request, told)
    logger.warning("%s %s %s: %s", active.mode, request.method, logged_path(request.path), printable(told))


def logs_hits() -> bool:
    """Whether `log` says anything of a hit, and why a miss is one."""
    return logger.isEnabledFor(logging.INFO)
