"""All rows, and what of them does not hold: run by the tests, and once more for every number changed."""

from __future__ import annotations

from unittest import mock

from matcher import groups
from tests.conformance.bodies import ROWS as BODIES
from tests.conformance.filters import LIST
from tests.conformance.filters import ROWS as FILTERS
from tests.conformance.nearest import NEAREST
from tests.conformance.paths import ROWS as PATHS
from tests.conformance.queries import ROWS as QUERIES
from tests.conformance.table import Row, request

ROWS: list[Row] = [*PATHS, *QUERIES, *FILTERS, *BODIES]


def header_lists() -> int:
    """How many look-ups of their own twenty lists of headers, each named by a request, have in the end."""
    index = Row("cost: at most 16 header lists", ["/a"], "/a", None).index()
    for number in range(20):
        assert index.decide(request("GET /a", (LIST, f"x-{number}"))).candidate
    return index.header_lists


def by_look_up() -> mock._patch[int]:
    """While it lasts, no candidates are few enough to be compared one by one."""
    return mock.patch.object(groups, "FEW", 0)


def failing() -> list[str]:
    """The lines of the rows that do not hold."""
    failed = [row.line for row in ROWS if not (row.found() == row.alone() == row.winner and row.explained())]
    with by_look_up():
        failed += [row.line for row in ROWS if row.found() != row.winner]
    failed += [row.line for row, nearest in NEAREST if row.nearest() != nearest]
    return failed if header_lists() == 16 else [*failed, "cost: at most 16 header lists"]
