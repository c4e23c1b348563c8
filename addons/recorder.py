"""Recording by hooks: the end of a response waits until its exchange is durable."""

from __future__ import annotations

import logging
from enum import StrEnum

from mitmproxy import http

from addons.active import Current
from addons.answerer import ANSWERED_KEY
from addons.commits import Commits
from addons.flows import exchange_of, set_response, stream_and_keep
from serving.answer import error
from store.errors import StoreError

logger = logging.getLogger(__name__)

ID_KEY = "understudy.id"


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
        if ANSWERED_KEY in flow.metadata:
            return
        if not self._current.of(flow).records:
            flow.response.stream = True
        elif flow.response.headers.get("content-type", "").startswith("text/event-stream"):
            stream_and_keep(flow)

    async def response(self, flow: http.HTTPFlow) -> None:
        """A response is complete; the client gets its end when this returns."""
        if ANSWERED_KEY in flow.metadata:
            return
        reason = await self._keep(flow)
        if reason and self._on_loss is OnLoss.STOP:
            set_response(flow, error(502, "recordingFailedError", f"this exchange could not be kept: {reason}"))

    async def error(self, flow: http.HTTPFlow) -> None:
        """The upstream could not be reached, or an exchange broke off: kept as failed."""
        if ANSWERED_KEY not in flow.metadata and ID_KEY not in flow.metadata:
            await self._keep(flow)

    async def _keep(self, flow: http.HTTPFlow) -> str | None:
        """Keep the exchange where the mode asks for it; returns why it is lost, None when all is well."""
        active = self._current.of(flow)
        # Without the query: it may hold secrets.
        told = f"{active.mode} {flow.request.method} {flow.request.path.partition('?')[0]}"
        if not active.records:
            logger.info("%s: %s", told, _outcome(flow))
            return None
        assert active.session_id
        try:
            number = flow.metadata[ID_KEY] = await self._commits.keep(exchange_of(flow, active.session_id))
        except StoreError as failure:
            return str(failure)  # the writer has counted and logged it
        except Exception as failure:  # mitmproxy would log it and let the response go
            logger.exception("an exchange could not be read from its flow")
            self._commits.count_loss()
            return repr(failure)
        logger.info("%s: %s, entry %d", told, _outcome(flow), number)
        return None


def _outcome(flow: http.HTTPFlow) -> str:
    if flow.error:
        return f"failed, {flow.error.msg}"
    return str(flow.response.status_code) if flow.response else "no response"
