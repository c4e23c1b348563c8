"""Answering by hooks: in mock, spy and replay a request gets its example, or a miss that explains itself."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from random import Random

from mitmproxy import http

from understudy.addons.current import CurrentMode
from understudy.addons.flow_notes import get_note
from understudy.addons.flows import (
    UNRESOLVABLE_ADDRESS,
    find_client_origin,
    is_in_origin_form,
    request_from_flow,
    set_response,
)
from understudy.addons.loop.body_reader import BodyReader
from understudy.serving.answers.answer import is_recoded, render_error, render_simulated_error
from understudy.serving.answers.behaviour_plan import EMPTY_PLAN, Plan, draw_plan, throttle_chunks
from understudy.serving.answers.body_schedule import BodySchedule
from understudy.serving.answers.outcomes import Outcome
from understudy.serving.answers.replies import EDIT_RETRY_SECONDS, EDIT_WAIT_SECONDS
from understudy.serving.answers.streams import stream_from_response
from understudy.serving.gateway import respond
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.error_replies import NO_UPSTREAM, render_other_upstream
from understudy.store.errors import NotFound
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import LARGE_BODY, Origin, Request, Response, measure_body
from understudy.store.model.mock_servers import FaultKind

logger = logging.getLogger(__name__)


class Answerer:
    """Asks the index, and answers; a request that nobody could forward gets an error that says so."""

    def __init__(self, current: CurrentMode, bodies: BodyReader, upstream: Origin | None = None) -> None:
        self._current = current
        self._bodies = bodies
        self._upstream = upstream
        self._random = Random()  # noqa: S311 - delays and faults, no secrets

    async def request(self, flow: http.HTTPFlow) -> None:
        """A request is complete."""
        if flow.response is not None:
            return
        try:
            response = await self._answer_with_retries(flow)
        except Exception as failure:  # mitmproxy would log it and forward the request
            logger.exception("could not answer a request")
            response = render_error(500, "internalError", f"Understudy failed to answer: {failure!r}")
        if response is not None:
            get_note(flow).is_answered = True
            set_response(flow, response)

    async def _answer_with_retries(self, flow: http.HTTPFlow) -> Response | None:
        """The response; when an example was edited or deleted this moment, from the examples that come after."""
        active = self._current.active_for(flow)
        deadline = time.monotonic() + EDIT_WAIT_SECONDS
        while True:
            try:
                return await self._answer(flow, active)
            except NotFound:
                newer = self._current.active
                if time.monotonic() > deadline or newer.mode is not active.mode:
                    raise
                active = newer
                await asyncio.sleep(EDIT_RETRY_SECONDS)

    async def _answer(self, flow: http.HTTPFlow, active: ActiveMode) -> Response | None:
        reverse = is_in_origin_form(flow)
        if active.has_answers:
            request = respond.assign_origin(active, request_from_flow(flow), reverse=reverse)
            what = respond.decide_outcome(active, request, reverse=reverse)
            if what.has_answer or active.mode is not Mode.SPY:
                respond.log_outcome(active, request.method, request.path, what)
                return await self._apply_behaviour(
                    flow, active, request, what, find_client_origin(flow) if reverse else None
                )
        if (flow.request.host, flow.request.port) == UNRESOLVABLE_ADDRESS:
            return NO_UPSTREAM
        return None if reverse or self._upstream is None else render_other_upstream(self._upstream)

    async def _apply_behaviour(
        self, flow: http.HTTPFlow, active: ActiveMode, request: Request, what: Outcome, client: Origin | None
    ) -> Response | None:
        """The answer, after what is done to it on purpose."""
        on_purpose = respond.resolve_behaviour(active, what)
        made = respond.refuse_over_limit(active, what, on_purpose) or await self._build_response(
            active, request, what, client
        )
        fate = draw_plan(on_purpose, self._random) if on_purpose else EMPTY_PLAN
        if fate.delay:
            await asyncio.sleep(fate.delay)
        if fate.fault is FaultKind.ERROR:
            return render_simulated_error()
        get_note(flow).breaks_off = fate.fault is FaultKind.UNFINISHED
        if fate.fault not in (None, FaultKind.UNFINISHED) and flow.killable:
            flow.kill()  # the connection is closed: mitmproxy has no command for more
        get_note(flow).sending = _schedule_body(made, fate, what.resolve_timing(active.behaviour))
        return made

    async def _build_response(
        self, active: ActiveMode, request: Request, what: Outcome, client: Origin | None
    ) -> Response:
        if what.example is None:
            failure = respond.render_failure(active, what)
            return replace(failure, body=b"") if request.method == "HEAD" else failure
        body = what.example.response.body
        if not self._bodies.can_read_pieces or measure_body(body) <= LARGE_BODY or is_recoded(request, what.example):
            body = await self._bodies.read(body)
        return respond.build_response(request, what.example, body, client)


def _schedule_body(made: Response, fate: Plan, timing: float) -> BodySchedule | None:
    if fate.bytes_per_second:
        return BodySchedule(throttle_chunks(measure_body(made.body), fate.bytes_per_second), made.body)
    stream = stream_from_response(made, timing)
    if fate.fault is FaultKind.UNFINISHED:
        return BodySchedule(stream.chunks if stream else (), made.body)
    return BodySchedule(stream.chunks, made.body) if stream else None
