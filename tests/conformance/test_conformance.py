"""The rules of docs/matching.md row by row; and each number of the matcher is fixed by a row."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests import plain_matcher
from tests.conformance.bounds import BOUNDS
from tests.conformance.every import ROWS, count_header_lists, force_look_ups
from tests.conformance.filters import ITEMS
from tests.conformance.nearest import NEAREST
from tests.conformance.table import Row
from tests.proofs import choose
from understudy.matcher import scores

SOURCE = Path(scores.__file__).read_text(encoding="utf-8")
STEPS = {"Load", "Method", "Selector headers", "Path", "Query", "Headers, then body", "Ties"}


def name_rows(rows: list[Row]) -> list[str]:
    """Return a name for each row: its number and its rule."""
    return [f"{number}: {row.rule}" for number, row in enumerate(rows)]


@pytest.mark.parametrize("row", ROWS, ids=name_rows(ROWS))
def test_row(row: Row) -> None:
    """The index finds the winner and the score of the row."""
    assert row.find_winner() == row.winner


@pytest.mark.parametrize("row", ROWS, ids=name_rows(ROWS))
def test_row_by_look_up(row: Row) -> None:
    """It finds the same by look-ups of query, headers and body, as in large groups of candidates."""
    with force_look_ups():
        assert row.find_winner() == row.winner


@pytest.mark.parametrize("row", ROWS, ids=name_rows(ROWS))
def test_row_is_explained(row: Row) -> None:
    """It finds the same by comparing each candidate alone, and the explanation filters out no winner."""
    assert row.find_winner_without_look_ups() == row.winner
    assert row.is_explained()


# The plain algorithm knows no unusable examples and variables, and its distance is slow.
PLAIN = [
    row
    for row in ROWS
    if not (row.rule.startswith("Load:") or row.variables or len(row.examples) > 100) and "512" not in row.rule
]


@pytest.mark.parametrize("row", PLAIN, ids=name_rows(PLAIN))
def test_plain_algorithm_agrees(row: Row) -> None:
    """The reference implementation finds the winner and the score of the row."""
    examples = row.make_examples()
    found = plain_matcher.decide(row.make_request(), examples, row.settings)
    assert (found and (int(found[0]), found[1])) == (row.winner if isinstance(row.winner, tuple) else None)


@pytest.mark.parametrize(("row", "nearest"), NEAREST, ids=[row.rule for row, _ in NEAREST])
def test_nearest(row: Row, nearest: list[int]) -> None:
    """The near misses of a request come in the order of the row."""
    assert row.decide().candidate is None
    assert row.find_nearest() == nearest


@pytest.mark.parametrize("row", BOUNDS, ids=name_rows(BOUNDS))
def test_bound(row: Row) -> None:
    """A body is parsed up to the limit, and compared as bytes beyond it."""
    assert row.find_winner() == row.winner


@pytest.mark.parametrize(("row", "item"), ITEMS, ids=[f"{number}: {row.rule}" for number, (row, _) in enumerate(ITEMS)])
def test_item_without_an_example(row: Row, item: str | None) -> None:
    """A miss names the request item that has no example."""
    assert row.find_winner() is None
    assert row.decide().bare_item == item


def test_header_lists_are_bounded() -> None:
    """At most 16 header lists get look-ups; for the others, candidates are compared one by one."""
    assert count_header_lists() == 16


def test_there_are_enough_rows() -> None:
    """The table has at least 150 rows, and some for each step."""
    assert len(ROWS) >= 150
    assert {row.heading for row in ROWS} >= STEPS


def list_mutants() -> Iterator[tuple[int, int, int, str, str]]:
    """Yield two mutants of each number of scores.py: its line, its columns, the new text, and a name."""
    lines = SOURCE.splitlines()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            changed = (
                (node.value - 1, node.value + 1) if isinstance(node.value, int) else (node.value / 2, node.value * 2)
            )
            if "MIN_SIMILARITY = 0.75" in lines[node.lineno - 1]:
                changed = (0.74, 0.76)
            for value in changed:
                end = node.end_col_offset or 0
                yield node.lineno - 1, node.col_offset, end, repr(value), lines[node.lineno - 1].split("#")[0].strip()


@pytest.fixture
def reloaded_modules() -> Iterator[None]:
    """Import the matcher and the table anew for one test, and restore the old modules afterwards."""
    saved = {name: module for name, module in sys.modules.items() if _is_reloaded(name)}
    for name in saved:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if _is_reloaded(name)]:
        del sys.modules[name]
    sys.modules.update(saved)
    for name, module in saved.items():
        parent, _, child = name.rpartition(".")
        if parent in sys.modules:
            setattr(sys.modules[parent], child, module)


def _is_reloaded(name: str) -> bool:
    return name == "understudy.matcher" or name.startswith(("understudy.matcher.", "tests.conformance."))


MUTANTS = list(list_mutants())
SOME_MUTANTS = choose(MUTANTS, MUTANTS[::7])


@pytest.mark.parametrize(
    ("line", "start", "end", "value"),
    [each[:4] for each in SOME_MUTANTS],
    ids=[f"{each[4]} -> {each[3]}" for each in SOME_MUTANTS],
)
@pytest.mark.proof
@pytest.mark.usefixtures("reloaded_modules")
def test_every_number_is_fixed_by_a_row(line: int, start: int, end: int, value: str) -> None:
    """A row fails when any number in matcher/scores.py is changed."""
    lines = SOURCE.splitlines(keepends=True)
    lines[line] = lines[line][:start] + value + lines[line][end:]
    changed = ModuleType("understudy.matcher.scores")
    importlib.import_module("understudy.matcher")
    sys.modules["understudy.matcher.scores"] = changed
    exec(compile("".join(lines), "scores.py", "exec"), changed.__dict__)
    assert next(importlib.import_module("tests.conformance.every").find_failing_rows(), None)
