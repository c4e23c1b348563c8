"""The replay of exchanges that failed when they were recorded: without an answer, or with one that breaks off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from understudy.matcher.index import Index, compile_index
from understudy.serving.gateway.error_replies import render_unreachable
from understudy.store.errors import Hint
from understudy.store.model.exchanges import Exchange
from understudy.store.model.messages import Chunk, Headers, Request, Response, measure_body
from understudy.store.model.mock_servers import Behaviour, Fault, FaultKind
from understudy.store.model.values import replace

FAIL_EMPTY = Behaviour(fault=Fault(FaultKind.EMPTY))
FAIL_UNFINISHED = Behaviour(fault=Fault(FaultKind.UNFINISHED))


@dataclass(frozen=True, slots=True)
class MissNote:
    """Why a request is a miss, where the nearest example does not show it, and what may help."""

    text: str
    hint: Hint | None


@dataclass(frozen=True, slots=True)
class FailedRequests:
    """Requests that failed when they were recorded, and are not repeated: `reasons` by the ids of their examples."""

    index: Index = field(default_factory=lambda: compile_index(()))
    reasons: Mapping[str, str] = field(default_factory=dict)

    def explain(self, request: Request) -> MissNote | None:
        """Return why this request failed when it was recorded; None if it did not."""
        failed = self.index.decide(request).candidate
        if failed is None:
            return None
        entry = failed.example.entry
        text = f"it was recorded as failed (entry {entry}: {self.reasons[failed.id]})"
        return MissNote(text, Hint("replay_failures", {"entry": str(entry)}))


def clear_failure(exchange: Exchange) -> Exchange:
    """Return the exchange without its failure.

    An upstream that could not be reached is answered by the 502 that its client got; any other missing response becomes
    a 502 that is never sent.
    """
    if not exchange.has_failed or _is_upgraded(exchange.response):
        return exchange
    if exchange.unreached_reason is not None and exchange.request.origin is not None:
        unreached = render_unreachable(exchange.request.origin, exchange.unreached_reason)
        return replace(exchange, error=None, response=unreached)
    return replace(exchange, error=None, response=exchange.response or Response(502))


def is_repeated(exchange: Exchange, *, failures: bool) -> bool:
    """Return whether a replay repeats an exchange.

    It repeats failures if `failures` is set; always what the client abandoned, as far as it was received, and that an
    upstream could not be reached.
    """
    is_answered = not exchange.has_failed or exchange.unreached_reason is not None
    return is_answered or failures or exchange.is_abandoned


def find_failure_behaviours(
    recorded: Iterable[Exchange], marks: Iterable[tuple[int, str | None]]
) -> Mapping[str, Behaviour]:
    """Return the behaviour of the examples of failed exchanges, by their ids.

    `marks` are pairs of an exchange id and the id of the example made from it.
    """
    example_ids = dict(marks)
    return {
        example_id: FAIL_EMPTY if exchange.response is None else FAIL_UNFINISHED
        for exchange in recorded
        if exchange.has_failed and exchange.unreached_reason is None and (example_id := example_ids.get(exchange.id))
    }


def make_unfinished(response: Response, recorded: Response) -> Response:
    """Return the response as one that breaks off after its body: it announces a longer one, or more chunks."""
    size, announced = measure_body(response.body), recorded.headers.get("content-length") or ""
    if announced.isdecimal() and int(announced) > size:
        headers = response.headers.replace("Content-Length", announced)
    else:
        headers = response.headers.drop(("content-length",))
    return replace(response, headers=headers, chunks=response.chunks or (Chunk(0.0, size),), trailers=Headers())


def _is_upgraded(response: Response | None) -> bool:
    return response is not None and response.status < 200
