"""Answering by hooks: in mock, spy and replay mode a request gets its example, or an error that explains the miss.

`serving.gateway` decides what answers; this reads the flow, the body from the store, and waits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
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
from understudy.addons.loop.client_holds import ClientHolder
from understudy.serving.answers.answer import render_error, render_simulated_error
from understudy.serving.answers.behaviour_plan import EMPTY_PLAN, draw_plan
from understudy.serving.answers.outcomes import Outcome
from understudy.serving.answers.replies import EDIT_RETRY_SECONDS, EDIT_WAIT_SECONDS
from understudy.serving.fields.cookie_rewriting import RenamedCookies
from understudy.serving.gateway import respond
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.hook_answers import decide_answer, refuse_forwarding, render_failure, schedule_body
from understudy.store.errors import NotFound
from understudy.store.model.messages import LARGE_BODY, Origin, Request, Response, measure_body
from understudy.store.model.mock_servers import FaultKind

logger = logging.getLogger(__name__)


class Answerer:
    """The addon that answers from the examples; a request that cannot be forwarded gets an error that explains why.

    With an `upstream` nothing else is called. `renamed` are the cookies that the gateway renamed for its clients.
    `make_holder` returns what holds a request of the client with this id; None where the HTTP layer is not ours.
    """

    def __init__(
        self,
        current: CurrentMode,
        bodies: BodyReader,
        upstream: Origin | None = None,
        renamed: RenamedCookies | None = None,
        *,
        make_holder: Callable[[str], ClientHolder] | None = None,
    ) -> None:
        self._renamed = RenamedCookies() if renamed is None else renamed
        self._current = current
        self._bodies = bodies
        self._upstream = upstream
        self._make_holder = make_holder
        self._random = Random()  # noqa: S311 - delays and faults, no secrets

    async def request(self, flow: http.HTTPFlow) -> None:
        """Answer a complete request, or leave it to be forwarded."""
        is_on_its_way = flow.request.stream and not get_note(flow).answers_call
        if flow.response is not None or is_on_its_way:
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
        """Return the response; if an example is being edited or deleted, the one from the examples that replace it."""
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
            if reverse and not flow.client_conn.tls:
                request = self._renamed.restore_request(request)
            outcome = get_note(flow).outcome or decide_answer(active, request, reverse=reverse)
            if outcome is not None:
                get_note(flow).decided = outcome
                client = find_client_origin(flow) if reverse else None
                return await self._apply_behaviour(flow, active, request, outcome, client)
        names_host = (flow.request.host, flow.request.port) != UNRESOLVABLE_ADDRESS
        return refuse_forwarding(self._upstream, reverse=reverse, names_host=names_host)

    async def _apply_behaviour(
        self, flow: http.HTTPFlow, active: ActiveMode, request: Request, outcome: Outcome, client: Origin | None
    ) -> Response | None:
        behaviour = respond.resolve_behaviour(active, outcome)
        response = respond.refuse_over_limit(active, outcome, behaviour) or await self._build_response(
            active, request, outcome, client
        )
        plan = draw_plan(behaviour, self._random) if behaviour else EMPTY_PLAN
        if plan.delay:
            await asyncio.sleep(plan.delay)
        if plan.fault is FaultKind.ERROR:
            return render_simulated_error()
        note = get_note(flow)
        note.breaks_off = plan.fault is FaultKind.UNFINISHED
        self._note_hold(flow, active, request, outcome)
        if plan.fault not in (None, FaultKind.UNFINISHED) and note.hold is None and flow.killable:
            flow.kill()  # the connection is closed: mitmproxy has no command for other faults
        note.sending = schedule_body(response, plan, outcome.resolve_timing(active.behaviour))
        return response

    def _note_hold(self, flow: http.HTTPFlow, active: ActiveMode, request: Request, outcome: Outcome) -> None:
        note = get_note(flow)
        if self._make_holder is not None and outcome.example is not None:
            note.hold = active.replay.find_hold(request, outcome.example)
            note.holder = self._make_holder(flow.client_conn.id) if note.hold else None

    async def _build_response(
        self, active: ActiveMode, request: Request, outcome: Outcome, client: Origin | None
    ) -> Response:
        if outcome.example is None:
            return render_failure(active, request, outcome)
        body = outcome.example.response.body
        is_whole = not self._bodies.can_read_pieces or measure_body(body) <= LARGE_BODY
        if is_whole or respond.needs_whole_body(active, request, outcome, reverse=client is not None):
            body = await self._bodies.read(body)
        return respond.build_response(active, request, outcome, body, client, self._renamed)
