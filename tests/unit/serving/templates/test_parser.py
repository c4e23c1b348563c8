"""Parsing and filling in text with `{{...}}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from tests.factories.messages import make_request
from understudy.serving.templates.dynamic_variables import DYNAMIC_VARIABLES
from understudy.serving.templates.parser import TemplateValues, parse_template
from understudy.serving.templates.request_values import LiveRequest
from understudy.store.model.messages import Request

ASKED = make_request(
    "POST",
    "/users/7?page=2&a.b=dot",
    headers={"X-Trace": "t-1"},
    body=rb'{"name": "Ada \"A\"", "n": 5, "o": {"k": [1]}, "a.b": "dotted", "line": "1\n2", "trap": "{{id}}"}',
)


def make_values(
    request: Request = ASKED, variables: Mapping[str, str] | None = None, **captures: str
) -> TemplateValues:
    return TemplateValues(LiveRequest(request), Random(1), 1_700_000_000.0, variables or {}, captures)


def filled(text: str, values: TemplateValues | None = None, **options: Any) -> str:
    template = parse_template(text, **options)
    return text if template is None else template.fill(values or make_values(variables={"id": "42"}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{id}}", "42"),
        ("{{ id }}", "42"),
        ("a {{id}} b {{id}}", "a 42 b 42"),
        ("{{{id}}}", "{42}"),
        ('{"a":{"b":{{id}}}}', '{"a":{"b":42}}'),
        ("{{$timestamp}}", "1700000000"),
        ("{{ $timestamp }}", "1700000000"),
        ("{{$isoTimestamp}}", "2023-11-14T22:13:20.000Z"),
        ("{{$queryParams 'page'}}", "2"),
        (r"{{$queryParams 'a\.b'}}", "dot"),
        ("{{$pathSegments '0'}}/{{$pathSegments '1'}}", "users/7"),
        ("{{$headers 'x-trace'}}", "t-1"),
        ("{{$body 'n'}}", "5"),
        (r"{{$body 'a\.b'}}", "dotted"),
        ("{{$body 'o.k[0]'}}", "1"),
        ("{{ $body   'n' }}", "5"),
        ("{{$body '' 'none'}}", ASKED.body.decode()),  # type: ignore[union-attr]
        ("{{$body 'n' 'none'}}", "5"),
        ("{{$body 'm' 'none'}}", "none"),
        ("{{$body 'm' ''}}", ""),
        ("{{$body 'm' '{}'}}", "{}"),
        (r"{{$body 'm' 'it\'s \\ \n'}}", r"it's \ \n"),
        ("{{$body 'm' '}}'}}", "}}"),
        ("{{$queryParams 'q' 'none'}}", "none"),
        ("{{$pathSegments '2' 'none'}}", "none"),
        ("{{$headers 'q' 'none'}}", "none"),
        ("{{$body 'trap'}}", "{{id}}"),
    ],
)
def test_fields_are_filled_in(text: str, expected: str) -> None:
    """Each kind of field is replaced by its value or default; values are not parsed again."""
    assert filled(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "{{", "}}", "{{}}", "{{ }}", "{id}", "{{id", "{{id}", "{ {id}}", "{{unknown}}", "{{ unknown }}",
        "{{$unknown}}", "{{$ guid}}", "{{$GUID}}", "{{$randomint}}", "{{$guid 'x'}}", "{{$guid x}}", "{{guid}}",
        "{{$body 'm'}}", "{{$body \"n\"}}", "{{$body 'n}}", "{{$body n}}", "{{$body'n'}}", "{{$body 'n''x'}}",
        "{{$body 'm' 'x' 'y'}}", "{{$queryParams}}", "{{$queryParams 'q'}}", "{{$pathSegments}}", "{{$headers}}",
        "{{$pathSegments '9'}}", "{{$headers 'q'}}", "{{#if id}}", "{{> id}}",
    ],
)  # fmt: skip
def test_what_cannot_be_resolved_stays(text: str) -> None:
    """Unknown names, missing values without a default, and text that is not a field stay as they are."""
    assert filled(text) == text
    assert filled(f"{text} {{{{id}}}} {text}") == f"{text} 42 {text}"


@pytest.mark.parametrize("text", ["", "plain", "{{", "{{}}", "{{$unknown}}", "{{$queryParams}}", '{"a": {"b": 1}}'])
def test_text_without_fields_is_no_template(text: str) -> None:
    """The result is None."""
    assert parse_template(text) is None


@pytest.mark.parametrize("name", sorted(DYNAMIC_VARIABLES))
def test_every_dynamic_variable_is_a_field(name: str) -> None:
    """Each of Postman's names is a field of a template."""
    assert "{{" not in filled(f"{{{{{name}}}}}")


def test_variables_beat_captures() -> None:
    """A variable comes before a wildcard of the same name; a wildcard has the text that it matched."""
    values = make_values(variables={"id": "42"}, id="7", user="ada")
    assert filled("{{id}} {{user}}", values) == "42 ada"


def test_whole_body() -> None:
    """`$body` alone is the request's body."""
    assert filled("<{{$body}}>", make_values(make_request("POST", body=b"hello"))) == "<hello>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": "{{$body \'name\'}}"}', {"a": 'Ada "A"'}),
        ('{"a": "x{{$body \'line\'}}y"}', {"a": "x1\n2y"}),
        ('{"a": "{{$body \'o\'}}"}', {"a": '{"k": [1]}'}),
        ("{\"a\": {{$body 'o'}}}", {"a": {"k": [1]}}),
        ('{"a": {{$body \'n\'}}, "b": "{{$body \'name\'}}"}', {"a": 5, "b": 'Ada "A"'}),
        ('{"a": "\\"{{$body \'name\'}}"}', {"a": '"Ada "A"'}),
        ('{"a": "\\\\", "b": {{$body \'o\'}}}', {"a": "\\", "b": {"k": [1]}}),
        ('{"{{$unknown}}": "{{$body \'name\'}}"}', {"{{$unknown}}": 'Ada "A"'}),
        ('{"a": "{{unknown}}", "b": {{$body \'o\'}}}', {"a": "{{unknown}}", "b": {"k": [1]}}),
        ('{"a": "{{$body \'m\' \'say "x"\'}}"}', {"a": 'say "x"'}),
    ],
)
def test_json_stays_json(text: str, expected: Any) -> None:
    """Within a string of a JSON body a value is escaped, elsewhere it is not."""
    assert json.loads(filled(text, in_json=True)) == expected


def test_other_text_is_not_escaped() -> None:
    """In a body that is not JSON a value is not escaped."""
    assert filled("\"{{$body 'name'}}\"") == '"Ada "A""'


def test_wording() -> None:
    """The caller can escape values; literal text stays as it is."""
    template = parse_template("{{id}} {{unknown}}")
    assert template
    assert template.fill(make_values(variables={"id": "a"}), str.upper) == "A {{unknown}}"


def test_names() -> None:
    """A template lists the names of its fields."""
    template = parse_template("{{id}} {{$guid}} {{$body 'x'}} {{$unknown}}")
    assert template
    assert template.names == {"id", "$guid", "$body"}
