"""Tests of what would make a miss a hit."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.decision import Decision
from understudy.matcher.explanation.rendering import as_json, as_text, summarize_match_by_ids
from understudy.matcher.explanation.suggestions import suggest_ids
from understudy.matcher.index import compile_index
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings, QueryRule
from understudy.store.model.values import replace

STRICT_PATHS = MatchSettings(ids=False)
RECORDED = make_example("/users/1", name="Ada")


def decide(target: str, *recorded: str, settings: MatchSettings = POSTMAN, **headers: str) -> Decision:
    """Return the decision on a GET request among examples that were recorded."""
    examples = [make_example(each, id=f"{number:02d}", name=each) for number, each in enumerate(recorded)]
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return compile_index(examples, settings).decide(make_request(target=target, headers=fields))


@pytest.mark.parametrize(
    ("target", "recorded", "path"),
    [
        ("/users/7", "/users/1", "/users/{{id}}"),
        ("/users/7/", "/users/1", "/users/{{id}}"),
        ("/users/7/orders/8", "/users/1/orders/2", "/users/{{id}}/orders/{{id2}}"),
        ("/users/7/orders/2", "/users/1/orders/2", "/users/{{id}}/orders/2"),
        ("/users/7?page=2", "/users/1?page=1", "/users/{{id}}"),
    ],
)
def test_a_path_template_takes_the_place_of_ids(target: str, recorded: str, path: str) -> None:
    """Each segment in which the two paths differ becomes a wildcard."""
    hint = suggest_ids(decide(target, recorded))
    assert hint is not None
    assert (hint.action, dict(hint.values)) == ("find_by_ids", {"example": "00", "path": path})


@pytest.mark.parametrize(
    ("written", "base", "path"),
    [
        ("https://{{host}}/users/1", "", "https://{{host}}/users/{{id}}"),
        ("https://api.test/users/1/", "", "https://api.test/users/{{id}}"),
        ("{{baseUrl}}/users/1", "", "{{baseUrl}}/users/{{id}}"),
        ("{{baseUrl}}/1", "https://api.test/users", "{{baseUrl}}/{{id}}"),
        ("{{baseUrl}}/users/1", "https://api.test", "{{baseUrl}}/users/{{id}}"),
        ("{{baseUrl}}", "https://api.test/users/1", "https://api.test/users/{{id}}"),
    ],
)
def test_what_stands_before_the_path_stays(written: str, base: str, path: str) -> None:
    """The template has the origin and the variables of the example, unless a variable holds the id."""
    index = compile_index([make_example(written, literal=False)], STRICT_PATHS, variables={"baseUrl": base})
    hint = suggest_ids(index.decide(make_request(target="/users/7")))
    assert hint is not None
    assert hint.values["path"] == path


@pytest.mark.parametrize(
    ("target", "recorded", "settings"),
    [
        ("/users/1", "/users/1", POSTMAN),
        ("/users/ann", "/users/1", POSTMAN),
        ("/accounts/7", "/users/1", POSTMAN),
        ("/users/7?page=2", "/users/1?page=1", MatchSettings(query=QueryRule.REQUIRE)),
        ("/users/7", "/users/1", STRICT),
        ("/users/7", "/users/1", replace(POSTMAN, ids=True)),
    ],
)
def test_nothing_is_suggested_where_ids_would_not_answer(target: str, recorded: str, settings: MatchSettings) -> None:
    """A hit, another path, a part that differs, a replay."""
    assert suggest_ids(decide(target, recorded, settings=settings)) is None


def test_ids_that_were_turned_off_are_suggested_too() -> None:
    """The setting, not the example, decides here."""
    example = make_example("/users/1", literal=False)
    decision = compile_index([example], MatchSettings(ids=False)).decide(make_request(target="/users/7"))
    assert suggest_ids(decision) is not None


def test_the_best_example_is_suggested() -> None:
    """The one that ids would choose: here by its query."""
    hint = suggest_ids(decide("/users/7?page=2", "/users/1?page=2", "/users/1?page=3", "/users/2"))
    assert hint is not None
    assert hint.values["example"] == "00"


def test_selectors_count() -> None:
    """An example with another status would not answer, and one that a request names is not looked for by ids."""
    assert suggest_ids(decide("/users/7", "/users/1", x_mock_response_code="200")) is not None
    assert suggest_ids(decide("/users/7", "/users/1", x_mock_response_code="404")) is None
    assert suggest_ids(decide("/users/7", "/users/1", x_mock_response_name="Ada")) is None


def test_head_is_answered_by_get_here_too() -> None:
    """Both methods count."""
    index = compile_index([RECORDED])
    assert suggest_ids(index.decide(make_request("HEAD", "/users/7"))) is not None


def test_the_explanation_of_a_miss_names_the_example() -> None:
    """In text, in JSON, and in a few words for a log."""
    decision = compile_index([replace(RECORDED, response=make_response(404))]).decide(make_request(target="/users/7"))
    explanation = as_json(decision)
    assert 'ids would find "Ada" (01), but do not count for it' in as_text(decision)
    assert explanation["by_ids"] == {"id": "01", "name": "Ada", "method": "GET", "path": "/users/1"}
    assert summarize_match_by_ids(decision) == 'ids would find "Ada" (01)'


def test_other_explanations_do_not_mention_ids() -> None:
    """Where ids would not answer, there is nothing about them."""
    decision = decide("/accounts/7", "/users/1")
    assert "by_ids" not in as_json(decision)
    assert summarize_match_by_ids(decision) == ""
