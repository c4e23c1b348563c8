"""Tests of the substitution of variables."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.variables import merge_variables, substitute_in_example, substitute_in_text
from understudy.store.model.messages import BodyRef

VARIABLES = {"a": "1", "b": "{{a}}2", "loop": "{{loop}}x", "\u00e9": "\u00e8", "name with space": "s"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"/{{a}}/{{c}}", b"/1/{{c}}"),
        (b"{{ a }}", b"1"),
        (b"{{b}}", b"12"),
        (b"{{loop}}", b"{{loop}}" + b"x" * 8),
        (b"{{\xc3\xa9}}", b"\xc3\xa8"),
        (b"{{name with space}}", b"s"),
        (b"{a} {{}} {{a", b"{a} {{}} {{a"),
    ],
)
def test_substitution(text: bytes, expected: bytes) -> None:
    """Unknown names stay; variables in values are substituted a bounded number of times."""
    assert substitute_in_text(text, VARIABLES) == expected


def test_doubling_is_bounded() -> None:
    """Variables that contain each other twice do not fill the memory."""
    variables = {f"v{number}": f"{{{{v{number + 1}}}}}" * 20 for number in range(20)}
    assert len(substitute_in_text(b"{{v0}}", variables)) < 200 * 2**20


def test_substitution_in_every_part() -> None:
    """Variables are substituted in target, headers and body."""
    request = make_request("POST", "/{{a}}?b={{a}}", headers=[("x-{{a}}", "{{a}}")], body=b"{{a}}")
    done = substitute_in_example(make_example(request, literal=False), VARIABLES)
    assert (done.target, done.headers.fields, done.body) == (b"/1?b=1", ((b"x-1", b"1"),), b"1")


def test_unchanged_request_is_the_same_object() -> None:
    """A request without known variables stays the same object."""
    example = make_example(make_request(body=BodyRef("ab", 2)), literal=False)
    assert substitute_in_example(example, VARIABLES) is example.request
    assert substitute_in_example(example, {}) is example.request


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("path", (b"/1?b={{a}}", b"{{a}}", b"{{a}}", b"{{a}}")),
        ("query", (b"/{{a}}?b=1", b"{{a}}", b"{{a}}", b"{{a}}")),
        ("header x-a", (b"/{{a}}?b={{a}}", b"1", b"{{a}}", b"{{a}}")),
        ("body", (b"/{{a}}?b={{a}}", b"{{a}}", b"{{a}}", b"1")),
    ],
)
def test_substitution_in_an_edited_part_alone(part: str, changed: tuple[bytes, ...]) -> None:
    """What nobody edited of a recorded request is plain text."""
    request = make_request("POST", "/{{a}}?b={{a}}", headers=[("X-A", "{{a}}"), ("X-B", "{{a}}")], body=b"{{a}}")
    parts = {"path", "query", "header x-a", "header x-b", "body"}
    done = substitute_in_example(make_example(request, literal=False, unedited=parts - {part}), VARIABLES)
    assert (done.target, *(value for _, value in done.headers.fields), done.body) == changed


def test_environment_beats_collection() -> None:
    """The environment's variables override the collection's."""
    assert merge_variables({"a": "1", "b": "2"}, {"a": "3"}) == {"a": "3", "b": "2"}


def test_empty_variables_are_ignored() -> None:
    """An empty value overrides no other, and is not substituted in a request."""
    variables = merge_variables({"a": "1", "b": ""}, {"a": "", "c": ""})
    assert variables["a"] == "1"
    assert substitute_in_text(b"/{{a}}/{{b}}/{{c}}", variables) == b"/1/{{b}}/{{c}}"
