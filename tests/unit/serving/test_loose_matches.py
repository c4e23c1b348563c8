"""Log lines for answers by ids or by distance, or with another body."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.index import compile_index
from understudy.serving.answers.outcomes import Answers, Outcome, find_outcome
from understudy.serving.loose_matches import LINES_PER_SECOND, LooseMatches


def ask(target: str) -> Outcome:
    """The outcome of a request to an example that was typed in."""
    index = compile_index([make_example("/users/1/profile", name="Ada", literal=False)])
    return find_outcome(Answers(index), make_request(target=target))


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/users/7/profile", "Ada (path without ids, score 89)"),
        ("/users/7/profile/", "Ada (path without trailing slashes and ids, score 85)"),
        ("/users/1/profle", "Ada (path by document distance, score 80)"),
        ("/users/1/profile", ""),
        ("/users/1/PROFILE/", ""),
        ("/accounts", ""),
    ],
)
def test_an_answer_by_ids_or_distance_has_a_line(target: str, text: str) -> None:
    assert LooseMatches().describe(ask(target)) == text


def test_the_lines_of_a_second_are_bounded_and_the_others_counted() -> None:
    """A load test must not fill the log."""
    seconds = iter([*[1.0] * (LINES_PER_SECOND + 5), 2.0, 2.1])
    matches, outcome = LooseMatches(lambda: next(seconds)), ask("/users/7/profile")
    first = [matches.describe(outcome) for _ in range(LINES_PER_SECOND + 5)]
    assert [bool(line) for line in first] == [True] * LINES_PER_SECOND + [False] * 5
    assert matches.describe(outcome).endswith("; 5 more such answers were not logged")
    assert matches.describe(outcome) == "Ada (path without ids, score 89)"


def test_an_answer_to_another_body_than_all_that_tie_has_a_line() -> None:
    """An equal body has none, nor has an example that is alone."""
    bodies = [make_request("POST", "/a", body=body, origin=None) for body in (b"1", b"2", b"3")]
    two = [make_example(body, id=str(number), name="Two") for number, body in enumerate(bodies[:2])]
    found = [find_outcome(Answers(compile_index(two)), body) for body in bodies]
    assert [LooseMatches().describe(each) for each in found] == [
        "",
        "",
        "Two (path as it is, score 110, body differs from every example)",
    ]
    alone = find_outcome(Answers(compile_index(two[:1])), bodies[2])
    assert LooseMatches().describe(alone) == ""


def test_a_name_cannot_forge_a_line() -> None:
    """Names come from imported files too."""
    index = compile_index([make_example("/users/1", name="Ada\n12:00:00 W forged", literal=False)])
    outcome = find_outcome(Answers(index), make_request(target="/users/7"))
    assert "\n" not in LooseMatches().describe(outcome)
