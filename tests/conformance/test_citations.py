"""Code and rows cite the rules of matching by the headings of docs/matching.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.bounds import BOUNDS
from tests.conformance.every import ROWS
from tests.conformance.filters import ITEMS
from tests.conformance.nearest import NEAREST

ROOT = Path(__file__).parents[2]
HEADINGS = set(re.findall(r"(?m)^#+ (.+)$", (ROOT / "docs" / "matching.md").read_text(encoding="utf-8")))
CITATION = re.compile(r'docs/matching\.md, "([^"]*)"')
PRODUCT = ("store", "matcher", "serving", "addons", "proxy")


def find_citations() -> Iterator[tuple[str, str]]:
    """Yield each citation of docs/matching.md in the product: the file, and the heading."""
    for folder in PRODUCT:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for heading in CITATION.findall(path.read_text(encoding="utf-8")):
                yield str(path.relative_to(ROOT)), heading


def test_rows_cite_headings() -> None:
    """Each row of the table begins with a heading."""
    rows = [*ROWS, *BOUNDS, *(row for row, _ in NEAREST), *(row for row, _ in ITEMS)]
    assert {row.heading for row in rows} <= HEADINGS


@pytest.mark.parametrize(("file", "heading"), sorted(set(find_citations())))
def test_code_cites_headings(file: str, heading: str) -> None:
    """Each citation names a heading."""
    assert heading in HEADINGS, file


def test_the_matcher_cites_no_step_by_number() -> None:
    """Numbers of steps change when a step is added; names stay."""
    numbered = re.compile(r"\bsteps? \d", re.IGNORECASE)
    files = [*(ROOT / "matcher").rglob("*.py"), *Path(__file__).parent.glob("*.py"), ROOT / "docs" / "matching.md"]
    assert [path.name for path in files if numbered.search(path.read_text(encoding="utf-8"))] == []
