"""Tests of the look-ups by path."""

from __future__ import annotations

from tests.factories.messages import make_example, make_request
from understudy.matcher.lookup.method_tables import MethodTables
from understudy.matcher.parts.candidate import Candidate, require_bytes
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import PathLine
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings


def make_tables(*targets: str, settings: MatchSettings = POSTMAN) -> MethodTables:
    """Return tables of examples that were typed in."""
    examples = (make_example(target, id=target, literal=False) for target in targets)
    candidates = [Candidate.of((example,), settings, require_bytes) for example in examples]
    return MethodTables.create_empty(settings).apply_changes((), candidates)


def find_lines(found: MethodTables, target: str, settings: MatchSettings = POSTMAN) -> list[PathLine]:
    """Return the lines by which something is found."""
    return [line for line, _ in found.find_fitting(normalize(target, settings))]


def normalize(target: str, settings: MatchSettings = POSTMAN) -> NormalRequest:
    """Return a GET request in its normal forms."""
    return NormalRequest(make_request(target=target), settings, ("GET",))


def test_lines_come_best_first() -> None:
    """A path is found by its first line, and by the ids in it."""
    assert find_lines(make_tables("/a/7"), "/a/7") == [PathLine.EXACT, PathLine.IDS]
    assert find_lines(make_tables("/a/7", "/A/7", "/a/:x", "/a/8/"), "/a/7") == [
        PathLine.EXACT,
        PathLine.SLASHES,
        PathLine.CASE,
        PathLine.SLASHES_CASE,
        PathLine.WILDCARDS,
        PathLine.IDS,
        PathLine.SLASHES_IDS,
    ]


def test_settings_limit_the_lines() -> None:
    """Strict settings make one look-up."""
    assert find_lines(make_tables("/a/7", settings=STRICT), "/a/7", STRICT) == [PathLine.EXACT]


def test_similar_paths_follow_the_candidates() -> None:
    """Similar paths exist only if distance counts, and change with the newest example of a path."""
    assert make_tables("/a", settings=STRICT).similar_paths is None
    found = make_tables("/profile", "/other")
    assert [group.text for group in found.find_distant(normalize("/profle"))] == ["/profile"]
    group = found.by_text.find_equal("/profile")
    assert group is not None
    [profile] = group.candidates
    assert list(found.apply_changes([profile], ()).find_distant(normalize("/profle"))) == []
