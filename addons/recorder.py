"""Recording by hooks: the end of a response waits until its exchange is durable."""

from __future__ import annotations

import logging

from mitmproxy import http

from understudy.addons.current import CurrentMode
from understudy.addons.flow_notes import get_note
from understudy.addons.flows import exchange_from_flow, is_stream, parse_content_length, set_response
from understudy.addons.loop.body_tap import BodyTap
from understudy.addons.loop.commits import Commits
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.error_replies import render_recording_failure
from understudy.serving.http1.body_recorder import BodyLimits
from understudy.store.errors import StoreError
from understudy.store.model.gateways import Mode, OnLoss
from understudy.store.redaction.log_paths import format_log_path

logger = logging.getLogger(__name__)


class Recorder:
    """Keeps what is forwarded in record and spy mode.

    `holds`: our own HTTP layer holds the last piece of what streams through back until it is kept; where mitmproxy's
    does not, only what is a stream by its type does.
    """

    def __init__(
        self,
        current: CurrentMode,
        commits: Commits,
        on_loss: OnLoss = OnLoss.STOP,
        *,
        keeping: BodyLimits | None = None,
        holds_back: bool = False,
    ) -> None:
        self._current = current
        self._commits = commits
        self._on_loss = on_loss
        self._keeping = keeping or BodyLimits()
        self._holds_back = holds_back

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A large request passes as it comes, but in spy mode, which looks at it first."""
        mode = self._current.active_for(flow).mode
        if not self._holds_back or mode not in (Mode.PASS, Mode.RECORD):
            return
        large = (parse_content_length(flow.request) or 0) > self._keeping.large
        if mode is Mode.RECORD:
            get_note(flow).request_tap = sent = BodyTap(self._commits, self._keeping, flow.request.timestamp_start)
            flow.request.stream = sent.take if large else False
        else:
            flow.request.stream = large

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """What is not kept streams through, and what is a stream or large; that is kept as it comes."""
        response = flow.response
        assert response
        if get_note(flow).is_answered:
            return
        if not self._current.active_for(flow).is_recording:
            response.stream = True
        elif self._should_stream(response):
            get_note(flow).response_tap = came = BodyTap(self._commits, self._keeping, response.timestamp_start)
            response.stream = came.take

    def _should_stream(self, response: http.Response) -> bool:
        length = parse_content_length(response)
        return is_stream(response) or (self._holds_back and (length is None or length > self._keeping.large))

    async def response(self, flow: http.HTTPFlow) -> None:
        """A response is complete; the client gets its end when this returns."""
        if get_note(flow).is_answered:
            return
        reason = await self._keep(flow)
        if not reason or self._on_loss is OnLoss.CONTINUE:
            return
        if flow.response and flow.response.stream:
            flow.kill()  # all but its end has gone out: without that end the client sees that something is wrong
        else:
            set_response(flow, render_recording_failure(reason))

    async def error(self, flow: http.HTTPFlow) -> None:
        """The upstream could not be reached, or an exchange broke off: kept as failed."""
        note = get_note(flow)
        if not note.is_answered and note.entry is None:
            await self._keep(flow)

    async def _keep(self, flow: http.HTTPFlow) -> StoreError | None:
        """Keep the exchange where the mode asks for it; returns why it is lost, None when all is well."""
        try:
            active = self._current.active_for(flow)
            if active.is_recording:
                session_id = _require_session_id(active)
                await self._flush_bodies(flow, session_id)
                get_note(flow).entry = await self._commits.keep(exchange_from_flow(flow, session_id))
            logger.info("%s %s", active.mode, _describe(flow))
        except StoreError as failure:
            return failure  # the writer has counted and logged it
        except Exception as failure:  # mitmproxy would log it and let the response go
            logger.exception("an exchange could not be kept")
            self._commits.count_loss()
            return StoreError(str(failure))
        return None

    async def _flush_bodies(self, flow: http.HTTPFlow, session_id: str) -> None:
        note = get_note(flow)
        try:
            for kept in (note.request_tap, note.response_tap):
                if kept is not None:
                    await kept.flush()
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
    came = str(flow.response.status_code) if flow.response else "no response"
    outcome = f"failed, {flow.error.msg}" if flow.error else came
    return f"{flow.request.method} {path}: {outcome}" + (f", entry {entry}" if entry else "")
