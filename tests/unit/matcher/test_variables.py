"""Variables put into requests."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_request
from understudy.matcher.variables import merge_variables, substitute_in_request, substitute_in_text
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
def test_filled(text: bytes, expected: bytes) -> None:
    """What is not known stays; variables in values too, a bounded number of times."""
    assert substitute_in_text(text, VARIABLES) == expected


def test_doubling_is_bounded() -> None:
    """Variables that name each other twice."""
    variables = {f"v{number}": f"{{{{v{number + 1}}}}}" * 20 for number in range(20)}
    assert len(substitute_in_text(b"{{v0}}", variables)) < 200 * 2**20


def test_every_part_is_filled() -> None:
    """Target, headers, body."""
    request = make_request("POST", "/{{a}}?b={{a}}", headers=[("x-{{a}}", "{{a}}")], body=b"{{a}}")
    done = substitute_in_request(request, VARIABLES)
    assert (done.target, done.headers.fields, done.body) == (b"/1?b=1", ((b"x-1", b"1"),), b"1")


def test_nothing_to_do() -> None:
    """The same object: recorded collections pay nothing."""
    request = make_request(body=BodyRef("ab", 2))
    assert substitute_in_request(request, VARIABLES) is request
    assert substitute_in_request(request, {}) is request


def test_environment_beats_collection() -> None:
    """And leaves the rest."""
    assert merge_variables({"a": "1", "b": "2"}, {"a": "3"}) == {"a": "3", "b": "2"}
