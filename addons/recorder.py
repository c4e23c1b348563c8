"""Recording by hooks: the client gets the end of a response only when its exchange is durable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from functools import partial

from mitmproxy import flow as mitmproxy_flow
from mitmproxy import http
from mitmproxy.connection import Client, Connection

from understudy.addons.current import CurrentMode
from understudy.addons.flow_notes import get_note
from understudy.addons.flows import exchange_from_flow, is_grpc_call, is_stream, parse_content_length, set_response
from understudy.addons.forwarding_settings import REPLACEABLE_BYTES
from understudy.addons.grpc.call_order import CallOrder
from understudy.addons.loop.begun_flows import BegunFlows
from understudy.addons.loop.body_tap import BodyTap
from understudy.addons.loop.commits import Commits
from understudy.addons.loop.connections import explain_disconnect
from understudy.addons.loop.slow_store import ReadControl, SlowStore
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.error_replies import render_recording_failure
from understudy.serving.http1.body_recorder import BodyLimits
from understudy.serving.seen_calls import CALL_LOGGER
from understudy.store.errors import StoreError
from understudy.store.model.gateways import Mode, OnLoss
from understudy.store.redaction.log_paths import format_log_path

logger = logging.getLogger(__name__)
call_logger = logging.getLogger(CALL_LOGGER)


class Recorder:
    """The addon that keeps what is forwarded in record and spy mode.

    `holds_back` means that the HTTP layer is ours: it holds back the last piece of a streamed response until that is
    kept. mitmproxy's own does not, so there only responses with the media type of a stream are streamed. With
    `read_control`, senders of large bodies that are faster than the store have to wait.
    """

    def __init__(
        self,
        current: CurrentMode,
        commits: Commits,
        on_loss: OnLoss = OnLoss.STOP,
        *,
        keeping: BodyLimits | None = None,
        holds_back: bool = False,
        read_control: ReadControl | None = None,
    ) -> None:
        self._current = current
        self._commits = commits
        self._on_loss = on_loss
        self._keeping = keeping or BodyLimits()
        self._holds_back = holds_back
        self._slow_store = SlowStore(read_control)
        self._begun = BegunFlows(commits)
        self._tasks: set[asyncio.Task[object]] = set()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Pass on a large request as it comes, and each gRPC call, whose client may wait for answers.

        In spy mode the examples are asked first, except for gRPC.
        """
        active = self._current.active_for(flow)
        if active.is_recording:
            self._begun.begin(flow)
        if not self._holds_back or active.mode.is_offline:
            return
        if is_grpc_call(flow.request):
            self._pass_call(flow, active)
            return
        is_large = (parse_content_length(flow.request) or 0) > self._keeping.large
        if active.mode is Mode.SPY:  # for a body that is too large to ask the examples first
            get_note(flow).request_tap = self._tap(flow, flow.client_conn, flow.request)
        elif active.mode is Mode.RECORD:
            get_note(flow).request_tap = tap = self._tap(flow, flow.client_conn, flow.request)
            flow.request.stream = tap.take if is_large else False
        elif active.mode is Mode.PASS:
            flow.request.stream = is_large

    def _pass_call(self, flow: http.HTTPFlow, active: ActiveMode) -> None:
        if not active.is_recording:
            flow.request.stream = True
            return
        note = get_note(flow)
        note.request_tap = tap = self._tap(flow, flow.client_conn, flow.request)
        note.call_order = CallOrder()
        flow.request.stream = note.call_order.watch(tap, from_client=True)

    def _tap(self, flow: http.HTTPFlow, sender: Connection, message: http.Message) -> BodyTap:
        note_pending = partial(self._slow_store.note_pending, flow.client_conn.id, sender)
        return BodyTap(self._commits, self._keeping, message.timestamp_start, note_pending)

    def request(self, flow: http.HTTPFlow) -> None:
        """Note the end of the client's side of a gRPC call."""
        order = get_note(flow).call_order
        if order is not None:
            order.end_client()

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Stream a response through if it is not kept, is a stream, or may be large; keep its pieces if it is kept."""
        response = flow.response
        assert response
        if get_note(flow).is_answered:
            return
        if not self._current.active_for(flow).is_recording:
            response.stream = True
        elif self._should_stream(response):
            note = get_note(flow)
            note.response_tap = tap = self._tap(flow, flow.server_conn, response)
            response.stream = note.call_order.watch(tap, from_client=False) if note.call_order else tap.take

    def _should_stream(self, response: http.Response) -> bool:
        length = parse_content_length(response)
        return is_stream(response) or (self._holds_back and (length is None or length > REPLACEABLE_BYTES))

    async def response(self, flow: http.HTTPFlow) -> None:
        """Keep the exchange of a complete response; the client gets the end when this returns."""
        if get_note(flow).is_answered:
            self._forget(flow)
            return
        get_note(flow).loss = reason = await self._keep(flow)
        if not reason or self._on_loss is OnLoss.CONTINUE:
            return
        if flow.response and flow.response.stream:
            flow.kill()  # all but the end was sent: without the end the client sees that the response is incomplete
        else:
            set_response(flow, render_recording_failure(reason))

    async def error(self, flow: http.HTTPFlow) -> None:
        """Keep as failed an exchange whose upstream was not reached, or that broke off."""
        if get_note(flow).is_answered:
            self._forget(flow)
        else:
            get_note(flow).loss = await self._keep(flow)

    def client_disconnected(self, client: Client) -> None:
        """Keep as failed the exchanges of a client that has left for which no hook runs.

        mitmproxy forgets a request that waits for a connection to its upstream.
        """
        for flow in self._begun.list_of_client(client.id):
            flow.error = flow.error or mitmproxy_flow.Error(explain_disconnect(client))
            task = asyncio.get_running_loop().create_task(self.error(flow))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _keep(self, flow: http.HTTPFlow) -> StoreError | None:
        """Keep the exchange if the mode records; return the reason if it is lost, else None."""
        active = self._current.active_for(flow)
        if not active.is_recording:
            call_logger.info("%s %s", active.mode, _describe(flow))
            return None
        self._begun.begin(flow)
        return await self._keep_taken(flow, active) if self._begun.take(flow) else None

    async def _keep_taken(self, flow: http.HTTPFlow, active: ActiveMode) -> StoreError | None:
        try:
            kept = await self._submit(flow, active)
        except StoreError as failure:
            return failure  # it was counted and logged
        except Exception as failure:  # mitmproxy would log it and send the response
            logger.exception("an exchange could not be kept")
            self._commits.count_loss()
            return StoreError(str(failure))
        finally:
            self._begun.settle()
        try:
            get_note(flow).entry = await kept
        except StoreError as failure:
            return failure  # the writer has counted and logged it
        call_logger.info("%s %s", active.mode, _describe(flow))
        return None

    async def _submit(self, flow: http.HTTPFlow, active: ActiveMode) -> Awaitable[int]:
        """Give an exchange to the writer; the result is its number in history, once it is durable."""
        session_id, order = _require_session_id(active), get_note(flow).call_order
        await self._flush_bodies(flow, session_id)
        exchange = exchange_from_flow(flow, session_id)
        kept = self._commits.put(exchange)
        if order is not None and exchange.is_bidirectional:
            await self._commits.keep_messages(await kept, order.to_messages())
        return kept

    def _forget(self, flow: http.HTTPFlow) -> None:
        if self._begun.take(flow):
            self._begun.settle()

    async def _flush_bodies(self, flow: http.HTTPFlow, session_id: str) -> None:
        note = get_note(flow)
        try:
            for tap in (note.request_tap, note.response_tap):
                if tap is not None:
                    await tap.flush()
        except StoreError as failure:
            self._commits.report_loss(exchange_from_flow(flow, session_id), failure)
            raise


def _require_session_id(active: ActiveMode) -> str:
    if active.session_id is None:
        raise RuntimeError("there is no session to record to; it was deleted")
    return active.session_id


def _describe(flow: http.HTTPFlow) -> str:
    # Without the query: it may hold secrets.
    path, entry = format_log_path(flow.request.data.path), get_note(flow).entry
    status = str(flow.response.status_code) if flow.response else "no response"
    outcome = f"failed, {flow.error.msg}" if flow.error else status
    return f"{flow.request.method} {path}: {outcome}" + (f", entry {entry}" if entry else "")
