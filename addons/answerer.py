"""Answering by hooks: in mock, spy and replay a request gets its example, or a miss that explains itself."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from random import Random

from mitmproxy import http

from understudy.addons.current import Current
from understudy.addons.flow_notes import note_of
from understudy.addons.flows import NOWHERE, client_origin, in_origin_form, request_of, set_response
from understudy.addons.loop.body_reader import BodyReader
from understudy.serving.answers.answer import error, is_recoded, simulated_error
from understudy.serving.answers.behaviour_plan import NOTHING, Plan, plan, slowed
from understudy.serving.answers.body_schedule import Sending
from understudy.serving.answers.outcomes import Outcome
from understudy.serving.answers.streams import stream_of
from understudy.serving.gateway import respond
from understudy.serving.gateway.active import Active
from understudy.serving.gateway.error_replies import NO_UPSTREAM, elsewhere
from understudy.store.errors import NotFound
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import LARGE_BODY, Origin, Request, Response, size_of
from understudy.store.model.mock_servers import FaultKind

logger = logging.getLogger(__name__)

# How long an edit may take until the gateway has compiled it; meanwhile the body it replaced may be gone.
PATIENCE_SECONDS = 2.0
STEP_SECONDS = 0.02


class Answerer:
    """Asks the index, and answers; a request that nobody could forward gets an error that says so."""

    def __init__(self, current: Current, bodies: BodyReader, upstream: Origin | None = None) -> None:
        self._current = current
        self._bodies = bodies
        self._upstream = upstream
        self._chance = Random()  # noqa: S311 - delays and faults, no secrets

    async def request(self, flow: http.HTTPFlow) -> None:
        """A request is complete."""
        if flow.response is not None:
            return
        try:
            response = await self._patient_response(flow)
        except Exception as failure:  # mitmproxy would log it and forward the request
            logger.exception("could not answer a request")
            response = error(500, "internalError", f"Understudy failed to answer: {failure!r}")
        if response is not None:
            note_of(flow).answered = True
            set_response(flow, response)

    async def _patient_response(self, flow: http.HTTPFlow) -> Response | None:
        """The response; when an example was edited or deleted this moment, from the examples that come after."""
        active = self._current.of(flow)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return await self._response(flow, active)
            except NotFound:
                newer = self._current.active
                if time.monotonic() > deadline or newer.mode is not active.mode:
                    raise
                active = newer
                await asyncio.sleep(STEP_SECONDS)

    async def _response(self, flow: http.HTTPFlow, active: Active) -> Response | None:
        reverse = in_origin_form(flow)
        if active.has_answers:
            request = respond.asked(active, request_of(flow), reverse=reverse)
            what = respond.found(active, request, reverse=reverse)
            if what.answered or active.mode is not Mode.SPY:
                respond.log(active, request.method, request.path, what)
                return await self._played(flow, active, request, what, client_origin(flow) if reverse else None)
        if (flow.request.host, flow.request.port) == NOWHERE:
            return NO_UPSTREAM
        return None if reverse or self._upstream is None else elsewhere(self._upstream)

    async def _played(
        self, flow: http.HTTPFlow, active: Active, request: Request, what: Outcome, client: Origin | None
    ) -> Response | None:
        """The answer, after what is done to it on purpose."""
        on_purpose = respond.behaviour(active, what)
        made = respond.refused(active, what, on_purpose) or await self._made(active, request, what, client)
        fate = plan(on_purpose, self._chance) if on_purpose else NOTHING
        if fate.delay:
            await asyncio.sleep(fate.delay)
        if fate.fault is FaultKind.ERROR:
            return simulated_error()
        note_of(flow).breaks_off = fate.fault is FaultKind.UNFINISHED
        if fate.fault not in (None, FaultKind.UNFINISHED) and flow.killable:
            flow.kill()  # the connection is closed: mitmproxy has no command for more
        note_of(flow).sending = _sending(made, fate, what.timing(active.behaviour))
        return made

    async def _made(self, active: Active, request: Request, what: Outcome, client: Origin | None) -> Response:
        if what.example is None:
            failure = respond.failure(active, what)
            return replace(failure, body=b"") if request.method == "HEAD" else failure
        body = what.example.response.body
        if not self._bodies.in_pieces or size_of(body) <= LARGE_BODY or is_recoded(request, what.example):
            body = await self._bodies.read(body)
        return respond.response(request, what.example, body, client)


def _sending(made: Response, fate: Plan, timing: float) -> Sending | None:
    if fate.bytes_per_second:
        return Sending(slowed(size_of(made.body), fate.bytes_per_second), made.body)
    stream = stream_of(made, timing)
    if fate.fault is FaultKind.UNFINISHED:
        return Sending(stream.chunks if stream else (), made.body)
    return Sending(stream.chunks, made.body) if stream else None
