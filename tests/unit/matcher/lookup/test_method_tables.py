"""Tests of the look-ups by path."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.lookup.method_tables import MethodTables
from understudy.matcher.parts.candidate import Candidate, require_bytes
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import PathLine
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings
from understudy.store.model.values import replace


def make_tables(*targets: str, settings: MatchSettings = POSTMAN) -> MethodTables:
    """Return tables of examples that were typed in."""
    return MethodTables.create_empty(settings).apply_changes((), make_candidates(*targets, settings=settings))


def make_candidates(*targets: str, settings: MatchSettings = POSTMAN) -> list[Candidate]:
    """Return candidates of examples that were typed in."""
    examples = (make_example(target, id=target, literal=False) for target in targets)
    return [Candidate.of((example,), settings, require_bytes) for example in examples]


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
    assert make_tables("/a", settings=STRICT).distant_paths is None
    found = make_tables("/profile", "/other")
    assert [group.text for _, group in found.find_distant(normalize("/profle"))] == ["/profile"]
    group = found.by_text.find_equal("/profile")
    assert group is not None
    [profile] = group.candidates
    assert list(found.apply_changes([profile], ()).find_distant(normalize("/profle"))) == []


def compile_recorded(*targets: str, settings: MatchSettings = POSTMAN) -> list[Candidate]:
    """Return candidates of examples that were recorded."""
    return [Candidate.of((make_example(each, id=f"r{each}"),), settings, require_bytes) for each in targets]


def test_recorded_paths_have_no_table_for_ids_and_distance() -> None:
    """They take memory only for candidates that they find."""
    found = MethodTables.create_empty(POSTMAN).apply_changes((), compile_recorded("/a/7", "/profile"))
    assert (found.by_ids, found.distant_paths) == (None, None)


def test_recorded_paths_have_these_tables_if_the_settings_decide_for_all() -> None:
    """`ids` and `distance` decide for all candidates."""
    settings = MatchSettings(ids=True, distance=True)
    recorded = compile_recorded("/a/7", "/profile", settings=settings)
    found = MethodTables.create_empty(settings).apply_changes((), recorded)
    assert find_lines(found, "/a/8", settings) == [PathLine.IDS]
    assert [group.text for _, group in found.find_distant(normalize("/profle", settings))] == ["/profile"]


@pytest.mark.parametrize("count", [1, 9])
def test_distance_finds_only_some_candidates_of_a_path(count: int) -> None:
    """Of a path that was typed in and recorded too, it finds what was typed in, as long as there is any."""
    [typed] = make_candidates("/profile")
    recorded = [replace(each, examples=each.examples) for each in compile_recorded("/profile") * count]
    both = MethodTables.create_empty(POSTMAN).apply_changes((), recorded).apply_changes((), [typed])
    assert [list(group.candidates) for _, group in both.find_distant(normalize("/profle"))] == [[typed]]
    assert both.apply_changes([typed], ()).distant_paths is None


def test_a_path_that_loses_its_recorded_candidates_shares_its_group() -> None:
    """A group of its own exists only while there are other candidates."""
    [recorded] = compile_recorded("/profile")
    typed = make_candidates("/profile")
    both = MethodTables.create_empty(POSTMAN).apply_changes((), [*typed, recorded])
    after = both.apply_changes([recorded], ())
    assert [list(group.candidates) for _, group in after.find_distant(normalize("/profle"))] == [typed]
    assert after.distant_paths is not None
    assert len(after.distant_paths.mixed) == 0
