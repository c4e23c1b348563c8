"""Mistakes in what a person types: methods, braces, JSON."""

from __future__ import annotations

import pytest

from understudy.proxy.operations.collections.request_lines import read_typed
from understudy.proxy.operations.collections.typing_checks import (
    BrokenJson,
    check_braces,
    check_json,
    check_method,
    check_path_braces,
)
from understudy.store.errors import UserError
from understudy.store.model.messages import Headers

JSON = Headers.of([("Content-Type", "application/json")])


@pytest.mark.parametrize(
    ("method", "meant"), [("GTE", "GET"), ("PSOT", "POST"), ("DELTE", "DELETE"), ("PUTT", "PUT"), ("OPTION", "OPTIONS")]
)
def test_mistyped_methods_suggest_the_usual_one(method: str, meant: str) -> None:
    with pytest.raises(UserError, match=rf"^there is no method {method}; did you mean {meant}\?$"):
        check_method(method)


@pytest.mark.parametrize("method", ["GET", "PURGE", "M-SEARCH", "PROPFIND", "SYNC", "COPY"])
def test_methods_of_other_apis_are_left_alone(method: str) -> None:
    check_method(method)


@pytest.mark.parametrize("path", ["/{{id", "/{{id}", "/a/{{b/{{c}}", "/{{a}}/{{", "/id}}", "/{{a}}/b}}?c={{d}}"])
def test_braces_of_a_path_that_are_not_paired(path: str) -> None:
    with pytest.raises(UserError, match=r"^the path .* has (\{\{ without \}\} after|\}\} without \{\{ before) it"):
        check_path_braces(path)


@pytest.mark.parametrize("path", ["/", "/{{a}}", "/{a}", "/{{}}", "/{{a}}{{b}}?c={{d}}"])
def test_braces_of_a_path_that_are_paired(path: str) -> None:
    check_path_braces(path)


def test_braces_that_close_json_are_no_mistake() -> None:
    check_braces('{"a": {"b": {}}, "c": "{{d}}"}', "the body")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('{"a": 1', "} is missing at its end"),
        ('[{"a": [1', "]}] is missing at its end"),
        ('{"a": "b', "unterminated string starting at line 1, column 7"),
        ('{"a": "b}', "unterminated string starting at line 1, column 7"),
        ("{'a': 1}", "expecting property name enclosed in double quotes at line 1, column 2"),
        ('{"a": 1,\n "b" 2}', "expecting ':' delimiter at line 2, column 6"),
        ("[1]]", "extra data at line 1, column 4"),
        ("{a: 1}", "expecting property name enclosed in double quotes at line 1, column 2"),
        ('{"a": {{b}} {{c}}}', "expecting ',' delimiter at line 1, column 9"),
    ],
)
def test_broken_json(body: str, problem: str) -> None:
    with pytest.raises(BrokenJson) as refused:
        check_json(JSON, body.encode(), "GET /a")
    assert str(refused.value) == f"the body of GET /a is not JSON: {problem}"


@pytest.mark.parametrize(
    "body",
    ["", "edited by hand", '{"a": {{b}}, "c": "{{d}}"}', "[{{a}}{{b}}, -{{c}}, {{d}}.5]", '{"{{a}}": 1}', "[[1]]"],
)
def test_json_and_other_texts(body: str) -> None:
    """`{{name}}` stands for a value, or a part of one."""
    check_json(JSON, body.encode(), "GET /a")


@pytest.mark.parametrize("body", [b'{"a": "{{"}', b'{"a": {{b}}}'])
def test_json_without_templates_may_have_variables_that_are_filled_in_later(body: bytes) -> None:
    """And braces that are none."""
    check_json(JSON, body, "GET /a", templates=False)


@pytest.mark.parametrize("media", ["text/plain", "application/xml"])
def test_only_json_is_checked(media: str) -> None:
    check_json(Headers.of([("Content-Type", media)]), b'{"a": 1', "GET /a")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('GET /a 200 {"a": 1', "the body of GET /a is not JSON: } is missing at its end"),
        ("GTE /a", "there is no method GTE; did you mean GET?"),
        ("GET /{{a", "the path /{{a has {{ without }} after it, at '{{a'; a variable is written {{name}}"),
        ("/a", "not '/a'; did you mean 'GET /a'?"),
        ("GET a", "not 'GET a'; did you mean 'GET /a'?"),
    ],
)
def test_mistakes_in_a_request_line(text: str, problem: str) -> None:
    with pytest.raises(UserError) as refused:
        read_typed(text)
    assert str(refused.value).endswith(problem)


def test_a_file_is_not_read_for_checks() -> None:
    assert read_typed("GET /a 200 @{.json").body == "@{.json"
