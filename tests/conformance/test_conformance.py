"""The specification row by row; and every number in the matcher is held by a row."""

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
from tests.conformance.every import ROWS, by_look_up, header_lists
from tests.conformance.filters import ITEMS
from tests.conformance.nearest import NEAREST
from tests.conformance.table import Row
from tests.proofs import choose
from understudy.matcher import scores

SOURCE = Path(scores.__file__).read_text(encoding="utf-8")


def names(rows: list[Row]) -> list[str]:
    """A name for each row: its line, and its number."""
    return [f"{number}: {row.line}" for number, row in enumerate(rows)]


@pytest.mark.parametrize("row", ROWS, ids=names(ROWS))
def test_row(row: Row) -> None:
    """The winner and its score are what the specification says."""
    assert row.found() == row.winner


@pytest.mark.parametrize("row", ROWS, ids=names(ROWS))
def test_row_by_look_up(row: Row) -> None:
    """The same when candidates are looked up by query, headers and body, as the many of one path are."""
    with by_look_up():
        assert row.found() == row.winner


@pytest.mark.parametrize("row", ROWS, ids=names(ROWS))
def test_row_is_explained(row: Row) -> None:
    """Every candidate by itself says the same, and the explanation names no part that puts the winner out."""
    assert row.alone() == row.winner
    assert row.explained()


# What the plain algorithm leaves out; its distance is as slow as its definition.
PLAIN = [
    row
    for row in ROWS
    if not (row.line.startswith("step 1:") or row.variables or row.settings.subset or len(row.examples) > 100)
    and "512" not in row.line
    and "multipart form" not in row.line
]


@pytest.mark.parametrize("row", PLAIN, ids=names(PLAIN))
def test_plain_algorithm_says_the_same(row: Row) -> None:
    """The reference implementation holds to the same table."""
    expected = (f"{row.winner[0]:04d}", row.winner[1]) if isinstance(row.winner, tuple) else None
    assert plain_matcher.decide(row.asked(), row.given(), row.settings) == expected


@pytest.mark.parametrize(("row", "nearest"), NEAREST, ids=[row.line for row, _ in NEAREST])
def test_nearest(row: Row, nearest: list[int]) -> None:
    """Near misses come in this order."""
    assert row.decided().candidate is None
    assert row.nearest() == nearest


@pytest.mark.parametrize("row", BOUNDS, ids=names(BOUNDS))
def test_bound(row: Row) -> None:
    """Up to there a body is read as what it is; beyond, compared by bytes."""
    assert row.found() == row.winner


@pytest.mark.parametrize(("row", "item"), ITEMS, ids=[f"{number}: {row.line}" for number, (row, _) in enumerate(ITEMS)])
def test_item_without_an_example(row: Row, item: str | None) -> None:
    """A miss names the request that waits for one."""
    assert row.found() is None
    assert row.decided().bare_item == item


def test_header_lists_are_bounded() -> None:
    """The rest is scanned."""
    assert header_lists() == 16


def test_there_are_enough_rows() -> None:
    """At least 150, of every step."""
    assert len(ROWS) >= 150
    assert {f"step {number}" for number in range(1, 8)} <= {row.line[:6] for row in ROWS}


def numbers() -> Iterator[tuple[int, int, int, str, str]]:
    """Every number of scores.py, and what it is changed to: line, columns, new text, name."""
    lines = SOURCE.splitlines()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            changed = (
                (node.value - 1, node.value + 1) if isinstance(node.value, int) else (node.value / 2, node.value * 2)
            )
            if "ALIKE = 0.75" in lines[node.lineno - 1]:
                changed = (0.74, 0.76)
            for value in changed:
                end = node.end_col_offset or 0
                yield node.lineno - 1, node.col_offset, end, repr(value), lines[node.lineno - 1].split("#")[0].strip()


@pytest.fixture
def apart() -> Iterator[None]:
    """Modules imported within are forgotten afterwards."""
    ours = {name: module for name, module in sys.modules.items() if _is_reloaded(name)}
    for name in ours:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if _is_reloaded(name)]:
        del sys.modules[name]
    sys.modules.update(ours)
    for name, module in ours.items():
        parent, _, child = name.rpartition(".")
        if parent in sys.modules:
            setattr(sys.modules[parent], child, module)


def _is_reloaded(name: str) -> bool:
    return name == "understudy.matcher" or name.startswith(("understudy.matcher.", "tests.conformance."))


MUTANTS = list(numbers())
SOME_MUTANTS = choose(MUTANTS, MUTANTS[::7])


@pytest.mark.parametrize(
    ("line", "start", "end", "value"),
    [each[:4] for each in SOME_MUTANTS],
    ids=[f"{each[4]} -> {each[3]}" for each in SOME_MUTANTS],
)
@pytest.mark.once
@pytest.mark.proof
@pytest.mark.usefixtures("apart")
def test_every_number_is_held_by_a_row(line: int, start: int, end: int, value: str) -> None:
    """Change any number in matcher/scores.py, and a row fails."""
    lines = SOURCE.splitlines(keepends=True)
    lines[line] = lines[line][:start] + value + lines[line][end:]
    changed = ModuleType("understudy.matcher.scores")
    importlib.import_module("understudy.matcher")
    sys.modules["understudy.matcher.scores"] = changed
    exec(compile("".join(lines), "scores.py", "exec"), changed.__dict__)
    assert next(importlib.import_module("tests.conformance.every").failing(), None)
