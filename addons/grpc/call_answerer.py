"""Answering gRPC calls while their clients send: in replay and mock mode."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mitmproxy import http
from mitmproxy.proxy import commands

from understudy.addons.current import CurrentMode
from understudy.addons.flow_notes import get_note
from understudy.addons.flows import find_client_origin, is_grpc_call, is_in_origin_form, request_from_flow
from understudy.serving.answers.outcomes import Outcome
from understudy.serving.fields.cookie_rewriting import RenamedCookies
from understudy.serving.gateway import calls, respond
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.grpc.conversation import CallConversation
from understudy.serving.grpc.script import CallScript
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Request, Response
from understudy.store.model.values import replace


@dataclass(frozen=True, slots=True)
class CallReplay:
    """A recorded call that is replayed: its conversation, its response without messages, and who gets a divergence."""

    conversation: CallConversation
    response: Response
    on_divergence: Callable[[str], None]


@dataclass(slots=True)
class PendingCall:
    """A call that is not decided: what its client has sent so far, in `count` messages.

    `first_message` is with its prefix, b"" if the call ended without one, None if it was decided about before.

    After the decision it is replayed; or it waits until it has `wait_for` messages or ends; or else it is answered as
    other requests.
    """

    flow: http.HTTPFlow
    received: bytes
    count: int
    has_ended: bool
    first_message: bytes | None
    replay: CallReplay | None = None
    wait_for: int | None = None


@dataclass
class DecideCallHook(commands.StartHook):
    """A layer waits for the decision on a call; see `CallAnswerer`."""

    call: PendingCall


class CallAnswerer:
    """The addon that decides gRPC calls. `read_script` gets the id of an exchange; `renamed` as in `Answerer`."""

    def __init__(
        self, current: CurrentMode, read_script: Callable[[int], CallScript], renamed: RenamedCookies | None = None
    ) -> None:
        self._current = current
        self._read_script = read_script
        self._renamed = RenamedCookies() if renamed is None else renamed

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Answer a call while its client sends."""
        if is_grpc_call(flow.request) and self._current.active_for(flow).mode.is_offline:
            get_note(flow).answers_call = flow.request.stream = True

    async def decide_call(self, call: PendingCall) -> None:
        """Decide about a call; the layer goes on when this is done."""
        active, reverse = self._current.active_for(call.flow), is_in_origin_form(call.flow)
        request = respond.assign_origin(active, request_from_flow(call.flow), reverse=reverse)
        if reverse and not call.flow.client_conn.tls:
            request = self._renamed.restore_request(request)
        if call.first_message is not None and active.mode is Mode.REPLAY and not active.is_unanswered(request):
            outcome = calls.find_conversation(active, request, call.first_message, reverse=reverse)
            if outcome is not None:
                get_note(call.flow).outcome = get_note(call.flow).decided = outcome
                call.replay = await self._replay(active, call.flow, request, outcome)
                return
        if not call.has_ended:
            so_far = replace(request, body=call.received)
            call.wait_for = calls.count_messages_to_wait_for(active, so_far, call.count, reverse=reverse)

    async def _replay(
        self, active: ActiveMode, flow: http.HTTPFlow, request: Request, outcome: Outcome
    ) -> CallReplay | None:
        example = outcome.example
        if example is None or example.entry is None:
            return None
        script = await asyncio.to_thread(self._read_script, example.entry)
        client = find_client_origin(flow) if is_in_origin_form(flow) else None
        response = respond.build_response(active, request, outcome, b"", client, self._renamed)
        report = partial(respond.report_divergence, active, request, example.entry, place="in the gRPC call")
        return CallReplay(self._make_conversation(active, script, outcome), response, report)

    def _make_conversation(self, active: ActiveMode, script: CallScript, outcome: Outcome) -> CallConversation:
        replay = active.replay
        return CallConversation(
            script,
            outcome.resolve_timing(active.behaviour),
            redactor=replay.tally.redactor,
            ignored=replay.ignored_in_messages,
        )
