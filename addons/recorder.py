"""Recording by hooks: the end of a response waits until its exchange is durable."""

from __future__ import annotations

import logging

from mitmproxy import http

from understudy.addons.current import Current
from understudy.addons.flow_notes import note_of
from understudy.addons.flows import exchange_of, is_stream, length_of, set_response
from understudy.addons.loop.body_tap import KeptStream
from understudy.addons.loop.commits import Commits
from understudy.serving.gateway.active import Active
from understudy.serving.gateway.error_replies import not_kept
from understudy.serving.http1.body_recorder import Keeping
from understudy.store.errors import StoreError
from understudy.store.model.gateways import Mode, OnLoss
from understudy.store.redaction.log_paths import logged_path

logger = logging.getLogger(__name__)


class Recorder:
    """Keeps what is forwarded in record and spy mode.

    `holds`: our own HTTP layer holds the last piece of what streams through back until it is kept; where mitmproxy's
    does not, only what is a stream by its type does.
    """

    def __init__(
        self,
        current: Current,
        commits: Commits,
        on_loss: OnLoss = OnLoss.STOP,
        *,
        keeping: Keeping | None = None,
        holds: bool = False,
    ) -> None:
        self._current = current
        self._commits = commits
        self._on_loss = on_loss
        self._keeping = keeping or Keeping()
        self._holds = holds

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A large request passes as it comes, but in spy mode, which looks at it first."""
        mode = self._current.of(flow).mode
        if not self._holds or mode not in (Mode.PASS, Mode.RECORD):
            return
        large = (length_of(flow.request) or 0) > self._keeping.large
        if mode is Mode.RECORD:
            note_of(flow).sent = sent = KeptStream(self._commits, self._keeping, flow.request.timestamp_start)
            flow.request.stream = sent.take if large else False
        else:
            flow.request.stream = large

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """What is not kept streams through, and what is a stream or large; that is kept as it comes."""
        response = flow.response
        assert response
        if note_of(flow).answered:
            return
        if not self._current.of(flow).records:
            response.stream = True
        elif self._passes(response):
            note_of(flow).came = came = KeptStream(self._commits, self._keeping, response.timestamp_start)
            response.stream = came.take

    def _passes(self, response: http.Response) -> bool:
        length = length_of(response)
        return is_stream(response) or (self._holds and (length is None or length > self._keeping.large))

    async def response(self, flow: http.HTTPFlow) -> None:
        """A response is complete; the client gets its end when this returns."""
        if note_of(flow).answered:
            return
        reason = await self._keep(flow)
        if not reason or self._on_loss is OnLoss.CONTINUE:
            return
        if flow.response and flow.response.stream:
            flow.kill()  # all but its end has gone out: without that end the client sees that something is wrong
        else:
            set_response(flow, not_kept(reason))

    async def error(self, flow: http.HTTPFlow) -> None:
        """The upstream could not be reached, or an exchange broke off: kept as failed."""
        note = note_of(flow)
        if not note.answered and note.entry is None:
            await self._keep(flow)

    async def _keep(self, flow: http.HTTPFlow) -> StoreError | None:
        """Keep the exchange where the mode asks for it; returns why it is lost, None when all is well."""
        try:
            active = self._current.of(flow)
            if active.records:
                session_id = _session_of(active)
                await self._settle(flow, session_id)
                note_of(flow).entry = await self._commits.keep(exchange_of(flow, session_id))
            logger.info("%s %s", active.mode, _told(flow))
        except StoreError as failure:
            return failure  # the writer has counted and logged it
        except Exception as failure:  # mitmproxy would log it and let the response go
            logger.exception("an exchange could not be kept")
            self._commits.count_loss()
            return StoreError(str(failure))
        return None

    async def _settle(self, flow: http.HTTPFlow, session_id: str) -> None:
        note = note_of(flow)
        try:
            for kept in (note.sent, note.came):
                if kept is not None:
                    await kept.settle()
        except StoreError as failure:
            self._commits.lose(exchange_of(flow, session_id), failure)
            raise


def _session_of(active: Active) -> str:
    if active.session_id is None:
        raise RuntimeError("there is no session to record to; it was deleted")
    return active.session_id


def _told(flow: http.HTTPFlow) -> str:
    # Without the query: it may hold secrets.
    path, entry = logged_path(flow.request.data.path), note_of(flow).entry
    came = str(flow.response.status_code) if flow.response else "no response"
    outcome = f"failed, {flow.error.msg}" if flow.error else came
    return f"{flow.request.method} {path}: {outcome}" + (f", entry {entry}" if entry else "")
