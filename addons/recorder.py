"""Recording by hooks: the end of a response waits until its exchange is durable."""

from __future__ import annotations

import logging
from enum import StrEnum

from mitmproxy import http

from addons.active import Active, Current
from addons.commits import Commits
from addons.flows import exchange_of, set_response, stream_and_keep
from addons.notes import note_of
from serving.answer import error
from store.errors import StoreError
from store.naming import printable
from store.redaction import BUILT_IN

logger = logging.getLogger(__name__)


class OnLoss(StrEnum):
    """What a client gets whose exchange cannot be kept."""

    STOP = "stop"  # an error that says so
    CONTINUE = "continue"  # the response; the loss is counted and logged


class Recorder:
    """Keeps what is forwarded in record and spy mode."""

    def __init__(self, current: Current, commits: Commits, on_loss: OnLoss = OnLoss.STOP) -> None:
        self._current = current
        self._commits = commits
        self._on_loss = on_loss

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """What is not kept streams through; so does an endless stream of events, which is kept at its end."""
        assert flow.response
        if note_of(flow).answered:
            return
        if not self._current.of(flow).records:
            flow.response.stream = True
        elif flow.response.headers.get("content-type", "").startswith("text/event-stream"):
            stream_and_keep(flow)

    async def response(self, flow: http.HTTPFlow) -> None:
        """A response is complete; the client gets its end when this returns."""
        if note_of(flow).answered:
            return
        reason = await self._keep(flow)
        if not reason or self._on_loss is OnLoss.CONTINUE:
            return
        if note_of(flow).chunks:
            flow.kill()  # all but its end has gone out: without that end the client sees that something is wrong
        else:
            set_response(flow, error(502, "recordingFailedError", f"this exchange could not be kept: {reason}"))

    async def error(self, flow: http.HTTPFlow) -> None:
        """The upstream could not be reached, or an exchange broke off: kept as failed."""
        note = note_of(flow)
        if not note.answered and note.entry is None:
            await self._keep(flow)

    async def _keep(self, flow: http.HTTPFlow) -> str | None:
        """Keep the exchange where the mode asks for it; returns why it is lost, None when all is well."""
        try:
            active = self._current.of(flow)
            if active.records:
                note_of(flow).entry = await self._commits.keep(exchange_of(flow, _session_of(active)))
            logger.info("%s %s", active.mode, _told(flow))
        except StoreError as failure:
            return str(failure)  # the writer has counted and logged it
        except Exception as failure:  # mitmproxy would log it and let the response go
            logger.exception("an exchange could not be kept")
            self._commits.count_loss()
            return str(failure)
        return None


def _session_of(active: Active) -> str:
    if active.session_id is None:
        raise RuntimeError("there is no session to record to; it was deleted")
    return active.session_id


def _told(flow: http.HTTPFlow) -> str:
    # Without the query: it may hold secrets.
    path, entry = printable(BUILT_IN.text(flow.request.path.partition("?")[0])), note_of(flow).entry
    came = str(flow.response.status_code) if flow.response else "no response"
    outcome = f"failed, {flow.error.msg}" if flow.error else came
    return f"{flow.request.method} {path}: {outcome}" + (f", entry {entry}" if entry else "")
