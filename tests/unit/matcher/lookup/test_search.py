"""Tests of the search for the best candidate; tests/conformance fixes the winners."""

from __future__ import annotations

from tests.factories.messages import make_example, make_request
from understudy.matcher.lookup.method_tables import MethodTables
from understudy.matcher.lookup.search import find_best, find_distant_matches, find_matches
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import PathLine
from understudy.matcher.settings import POSTMAN


def make_tables(*targets: str) -> MethodTables:
    """Return tables of examples that were typed in."""
    examples = (make_example(target, id=f"{number}", literal=False) for number, target in enumerate(targets))
    return MethodTables.create_empty(POSTMAN).apply_changes(
        (), [Candidate.of((example,), POSTMAN) for example in examples]
    )


def normalize(target: str) -> NormalRequest:
    """Return a GET request in its normal forms."""
    return NormalRequest(make_request(target=target), POSTMAN, ("GET",))


def test_distance_comes_last() -> None:
    """Distance counts only if no other line fits."""
    found = make_tables("/profile", "/:x")
    match = find_best(found, normalize("/profle"))
    assert match is not None
    assert match.path_line is PathLine.WILDCARDS
    match = find_best(make_tables("/profile"), normalize("/profle"))
    assert match is not None
    assert match.path_line is PathLine.DISTANCE


def test_each_candidate_comes_once_by_its_first_line() -> None:
    """A candidate comes once, by its first line, although looser lines find it again."""
    found = list(find_matches(make_tables("/a", "/a/"), normalize("/a")))
    assert [(each.candidate.id, each.path_line) for each in found if each] == [
        ("0", PathLine.EXACT),
        ("1", PathLine.SLASHES),
    ]


def test_distant_matches() -> None:
    """Distant matches are those with a similar path, newest first."""
    found = find_distant_matches(make_tables("/profile", "/other", "/profiles"), normalize("/profil"))
    assert [each.candidate.id for each in found if each] == ["2", "0"]
