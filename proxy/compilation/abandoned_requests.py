"""What the clients of a session gave up: which of it a replay holds open, and which it leaves out."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from understudy.store.model.exchanges import Exchange
from understudy.store.promotion import PromotionResult

AT_ONCE_SECONDS = 1.0
"""A client that repeats a request so soon after it gave it up wants its answer, as after a timeout of its own."""


@dataclass(frozen=True, slots=True)
class _Unanswered:
    example_id: str
    item_id: str
    started: float
    left: float


class AbandonedRequests:
    """The examples of exchanges that their client abandoned."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._unanswered: list[_Unanswered] = []
        self._starts: defaultdict[str, list[float]] = defaultdict(list)  # of the requests of an item

    def add(self, recorded: Iterable[Exchange], promoted: PromotionResult) -> None:
        """Take a batch of exchanges with the examples made from them."""
        ids, items = dict(promoted.marks), {example.id: example.item_id for example in promoted.examples}
        for one in recorded:
            example_id = ids.get(one.id)
            if example_id is None or example_id not in items:
                continue
            self._starts[items[example_id]].append(one.timings.started)
            if one.is_abandoned and (one.response is None or one.response.status >= 200):
                self._add_abandoned(one, example_id, items[example_id])

    def find_repeated(self) -> frozenset[str]:
        """Return the ids of those without a byte of an answer that the client repeated at once."""
        starts = {item_id: sorted(self._starts[item_id]) for item_id in {one.item_id for one in self._unanswered}}
        return frozenset(one.example_id for one in self._unanswered if _is_repeated(one, starts[one.item_id]))

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all of them."""
        return frozenset(self._ids)

    def _add_abandoned(self, exchange: Exchange, example_id: str, item_id: str) -> None:
        self._ids.add(example_id)
        if exchange.response is None:
            times = exchange.timings
            left = times.started if times.response_end is None else times.response_end
            self._unanswered.append(_Unanswered(example_id, item_id, times.started, left))


def _is_repeated(one: _Unanswered, starts: list[float]) -> bool:
    # The next request may be there before the gateway notices that the client has given up this one.
    first = bisect_left(starts, one.left - AT_ONCE_SECONDS)
    near = starts[first : bisect_left(starts, one.left + AT_ONCE_SECONDS)]
    return any(start > one.started for start in near)
