"""All rows, and the search for rows that fail: run by the tests, and once more for each mutated number."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

from tests.conformance.bodies import ROWS as BODIES
from tests.conformance.body_types import ROWS as BODY_TYPES
from tests.conformance.bounds import BOUNDS
from tests.conformance.eligible import ROWS as ELIGIBLE
from tests.conformance.filters import ITEMS, LIST
from tests.conformance.filters import ROWS as FILTERS
from tests.conformance.nearest import NEAREST
from tests.conformance.paths import ROWS as PATHS
from tests.conformance.queries import ROWS as QUERIES
from tests.conformance.table import Row, request
from tests.conformance.wild_bodies import ROWS as WILD_BODIES
from understudy.matcher.lookup import candidate_groups

ROWS: list[Row] = [*PATHS, *QUERIES, *FILTERS, *BODIES, *BODY_TYPES, *WILD_BODIES, *ELIGIBLE]


def count_header_lists() -> int:
    """Return how many of twenty header lists, each named by a request, get look-ups of their own."""
    index = Row("Limits: at most 16 header lists", ["/a", "/a"], "/a", None).compile()
    for number in range(20):
        for method in ("GET", "HEAD"):
            decision = index.decide(request(f"{method} /a", (LIST, f"x-{number}")))
            assert decision.candidate
            assert decision.candidate.id == "0001"
    return index.header_list_count


def force_look_ups() -> mock._patch[int]:
    """Let no group of candidates be small enough to be compared one by one, within a `with` block."""
    return mock.patch.object(candidate_groups, "SMALL_GROUP_SIZE", 0)


def find_failing_rows() -> Iterator[str]:
    """Yield the rules of the rows that fail; the slowest rows come last."""
    yield from (row.rule for row, nearest in NEAREST if row.find_nearest() != nearest)
    yield from (row.rule for row, item in ITEMS if row.decide().bare_item != item)
    if count_header_lists() != 16:
        yield "Limits: at most 16 header lists"
    with force_look_ups():
        yield from (row.rule for row in ROWS if row.find_winner() != row.winner)
    yield from (
        row.rule
        for row in ROWS
        if not (row.find_winner() == row.find_winner_without_look_ups() == row.winner and row.is_explained())
    )
    yield from (row.rule for row in BOUNDS if row.find_winner() != row.winner)
