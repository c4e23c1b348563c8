"""Answering by hooks: in mock, spy and replay a request gets its example, or a miss that explains itself."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace

from mitmproxy import http

from addons.active import Active, Current
from addons.bodies import BodyReader
from addons.flows import NOWHERE, client_origin, in_origin_form, request_of, set_response
from addons.notes import note_of
from matcher.decision import Decision
from serving.answer import answer, error, malformed, miss
from serving.rewriting import rewrite_for_client
from store.entities import Example, Mode
from store.errors import NotFound
from store.messages import Origin, Request, Response
from store.naming import printable

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
        if active.answers:
            request = request_of(flow)
            asked = replace(request, origin=active.own_origin) if reverse else request
            decision = (active.own_index if reverse else active.index).decide(asked)
            if decision.problem is not None:
                return malformed(decision.problem)
            example = active.sequences.next(decision.candidate) if decision.candidate else None
            if example is not None:
                logger.info("%s %s %s: %s", active.mode, request.method, _path(request), example.name)
                example = active.templates.applied(example, decision)
                return await self._answered(asked, example, client_origin(flow) if reverse else None)
            if active.mode is not Mode.SPY:
                logger.warning("%s %s %s: no match", active.mode, request.method, _path(request))
                return _missed(decision)
        if (flow.request.host, flow.request.port) == NOWHERE:
            return _nowhere()
        return None if reverse or self._upstream is None else _elsewhere(self._upstream)

    async def _answered(self, request: Request, example: Example, gateway: Origin | None) -> Response:
        response = answer(request, example, await self._bodies.read(example.response.body))
        upstream = example.request.origin
        return rewrite_for_client(response, upstream, gateway) if upstream and gateway else response


def _missed(decision: Decision) -> Response:
    if decision.candidate is None:
        return miss(decision)
    return error(
        404, "sequenceEndedError", "All recorded answers to this request were given, and --once was asked for."
    )


def _nowhere() -> Response:
    message = "This gateway is a forward proxy: set it as your client's proxy, or start it with --upstream URL."
    return error(400, "noUpstreamError", message)


def _elsewhere(upstream: Origin) -> Response:
    message = f"This gateway calls {upstream} only; start one without --upstream to have a forward proxy."
    return error(403, "otherUpstreamError", message)


def _path(request: Request) -> str:
    # Without the query: it may hold secrets.
    return printable(request.path.decode("utf-8", "backslashreplace"))
