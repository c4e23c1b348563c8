"""Tests of decisions: their lines, captures, near misses and runners-up."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.decision import Decision, ScoreLine
from understudy.matcher.explanation import near_misses
from understudy.matcher.explanation.rendering import (
    as_json,
    as_text,
    describe_miss,
    summarize_match_by_ids,
    summarize_nearest,
)
from understudy.matcher.explanation.suggestions import suggest_ids
from understudy.matcher.index import Index, compile_index
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import MAX_EXAMINED, MAX_NEAR_MISSES, PathLine, RequestPart
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings


def decide(target: str, *targets: str, settings: MatchSettings = POSTMAN) -> Decision:
    """Return the decision on a GET request among examples that were typed in."""
    examples = [make_example(each, id=f"{number:04d}", literal=False) for number, each in enumerate(targets)]
    return compile_index(examples, settings).decide(make_request(target=target))


def test_lines_add_up_to_the_score() -> None:
    """The points of the path and query lines add up to the score."""
    decision = decide("/a/b?q=1", "/a/{{x}}?q=2")
    assert sum(line.points for line in decision.lines) == decision.score == 70
    assert decision.path_line is PathLine.WILDCARDS


def test_strict_lines_name_what_was_compared() -> None:
    """Host and body have lines without points, because they only filter."""
    lines = decide("/a", "/a", settings=STRICT).lines
    assert lines[2:] == (ScoreLine(RequestPart.HOST, 0, "equal"), ScoreLine(RequestPart.BODY, 0, "equal: both empty"))


@pytest.mark.parametrize(
    ("target", "captures"),
    [("/users/Ann%20B", {"id": "Ann B"}), ("/users/{{id}}", {}), ("/nothing/at/all", {})],
)
def test_captures(target: str, captures: dict[str, str]) -> None:
    """There are captures only if wildcards decided."""
    assert decide(target, "/users/{{id}}").captures == captures


def test_captures_by_distance() -> None:
    """A path with wildcards that distance finds has captures too."""
    assert decide("/users/A/profle", "/users/{{id}}/profile").captures == {"id": "A"}
    assert decide("/users/A/profle", "/users/A/profile").captures == {}


def test_hit_has_no_near_misses() -> None:
    """A hit has no near misses."""
    assert decide("/a", "/a", "/b").find_near_misses() == ()


def test_miss_has_no_score() -> None:
    """A miss has no score, lines, path line or runners-up."""
    decision = decide("/a", "/b")
    assert (decision.score, decision.lines, decision.path_line, decision.find_runners_up()) == (None, (), None, ())


def test_nearest_come_first() -> None:
    """Near misses are ordered by their differences: a slip in one segment, another resource, another depth."""
    decision = decide("/users/ann", "/users/ann/posts/7/x", "/orders/bob", "/users/bob", "/us/ann")
    names = [miss.candidate.path.text for miss in decision.find_near_misses()]
    assert names == ["/us/ann", "/users/bob", "/users/ann/posts/7/x"]


def test_other_method_on_the_same_path_is_near() -> None:
    """An example of another method on the same path is found among thousands of examples."""
    examples = [make_example(f"/{number}x/b", id=f"{number:04d}") for number in range(2 * MAX_EXAMINED)]
    index = compile_index([*examples, make_example(make_request("PUT", "/users/ann"), id="put")])
    assert index.decide(make_request(target="/users/ann")).find_near_misses()[0].candidate.id == "put"


def test_runners_up_are_the_best_others() -> None:
    """There are at most three runners-up, best first, without the winner."""
    decision = decide("/a?q=1", "/a?q=1", "/a", "/a/?q=1", "/A?q=1", "/{{x}}?q=1")
    assert [match.score for match in decision.find_runners_up()] == [105, 100, 90]
    assert len(decision.find_runners_up()) == MAX_NEAR_MISSES


def test_decision_computes_no_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decision, hit or miss, computes no explanation."""
    monkeypatch.setattr(Index, "find_nearby", lambda *_: pytest.fail("explained"))
    decide("/a", "/a")
    decide("/a", "/b")


def test_explanation_examines_a_bounded_number() -> None:
    """An explanation examines at most 1,000 examples."""
    index = compile_index([make_example(f"/{number}x", id=f"{number:05d}") for number in range(3 * MAX_EXAMINED)])
    request = NormalRequest(make_request(target="/nothing"), POSTMAN, ("GET",))
    assert len(list(index.find_nearby(request))) == MAX_EXAMINED


def test_example_requested_by_id_is_explained_once() -> None:
    """An example requested by id is explained alone, in the place of its sequence."""
    examples = [make_example("/a", id=id, sequence="s") for id in ("1", "2")]
    request = make_request("POST", "/a", headers=[("x-mock-response-id", "1")])
    misses = compile_index(examples).decide(request).find_near_misses()
    assert [(miss.candidate.id, [each.part for each in miss.differences]) for miss in misses] == [
        ("1", [RequestPart.METHOD])
    ]


def test_a_miss_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer, the hint and the log of one miss share what explains it."""
    searched = Counter[str]()

    def count(name: str) -> None:
        search = getattr(near_misses, name)

        def counted(*arguments: object) -> object:
            searched[name] += 1
            return search(*arguments)

        monkeypatch.setattr(near_misses, name, counted)

    count("select_near_misses")
    count("select_match_by_ids")
    index = compile_index([make_example("/users/1")])
    decision = index.decide(make_request(target="/users/7"))
    for explain in (describe_miss, suggest_ids, summarize_nearest, summarize_match_by_ids, as_text, as_json):
        assert explain(decision)
    assert searched == {"select_near_misses": 1, "select_match_by_ids": 1}
