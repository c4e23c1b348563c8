"""All rows, and what of them does not hold: run by the tests, and once more for every number changed."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

from tests.conformance.bodies import ROWS as BODIES
from tests.conformance.bounds import BOUNDS
from tests.conformance.filters import ITEMS, LIST
from tests.conformance.filters import ROWS as FILTERS
from tests.conformance.nearest import NEAREST
from tests.conformance.paths import ROWS as PATHS
from tests.conformance.queries import ROWS as QUERIES
from tests.conformance.table import Row, request
from understudy.matcher.lookup import candidate_groups

ROWS: list[Row] = [*PATHS, *QUERIES, *FILTERS, *BODIES]


def header_lists() -> int:
    """How many look-ups of their own twenty lists of headers, each named by a request, have in the end."""
    index = Row("cost: at most 16 header lists", ["/a", "/a"], "/a", None).index()
    for number in range(20):
        for method in ("GET", "HEAD"):
            decision = index.decide(request(f"{method} /a", (LIST, f"x-{number}")))
            assert decision.candidate
            assert decision.candidate.id == "0001"
    return index.header_list_count


def by_look_up() -> mock._patch[int]:
    """While it lasts, no candidates are few enough to be compared one by one."""
    return mock.patch.object(candidate_groups, "SMALL_GROUP_SIZE", 0)


def failing() -> Iterator[str]:
    """The lines of the rows that do not hold; what takes longest comes last."""
    yield from (row.line for row, nearest in NEAREST if row.nearest() != nearest)
    yield from (row.line for row, item in ITEMS if row.decided().bare_item != item)
    if header_lists() != 16:
        yield "cost: at most 16 header lists"
    with by_look_up():
        yield from (row.line for row in ROWS if row.found() != row.winner)
    yield from (row.line for row in ROWS if not (row.found() == row.alone() == row.winner and row.explained()))
    yield from (row.line for row in BOUNDS if row.found() != row.winner)
