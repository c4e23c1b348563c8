"""Warnings about typed-in paths."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example
from understudy.proxy.operations.collections.example_document import change_path
from understudy.proxy.operations.collections.request_lines import Typed
from understudy.proxy.operations.collections.request_warnings import list_request_warnings, list_typed_warnings

WARNING = "the segment {{a}}-{{b}} of GET /x/{{a}}-{{b}} has two wildcards, and is compared as text"


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("/x/{{a}}-{{b}}", ["{{a}}-{{b}}"]),
        ("/{{a}}{{b}}/{{a}}.{{b}}?q={{a}}{{b}}", ["{{a}}{{b}}", "{{a}}.{{b}}"]),
        ("/:id.{{ext}}", [":id.{{ext}}"]),
        ("/{{a}}/{{b}}", []),
        ("/{{a}}.json/:id/:a:b", []),
        ("/{{a}}{{}}", []),
        ("/x?q={{a}}{{b}}", []),
    ],
)
def test_segments_with_two_wildcards(path: str, segments: list[str]) -> None:
    """Each such segment has a warning, and nothing else."""
    found = list_request_warnings(make_example(path, literal=False))
    assert [warning.split()[2] for warning in found] == segments


def test_recorded_paths_have_no_wildcards() -> None:
    """A recorded path has no warning until a person changes it."""
    recorded = make_example("/x/{{a}}{{b}}")
    assert list_request_warnings(recorded) == []
    assert list_request_warnings(change_path(recorded, "/x/{{a}}-{{b}}")) == [WARNING]


def test_typed_requests_have_each_warning_once() -> None:
    """Several answers to one request have one warning."""
    typed = [Typed("GET", "/x/{{a}}-{{b}}", 200), Typed("GET", "/x/{{a}}-{{b}}", 500), Typed("GET", "/y")]
    assert list_typed_warnings(typed) == [WARNING]


def test_warnings_are_printable() -> None:
    """Bytes that are no text, and control characters, do not reach a terminal."""
    example = make_example("/{{a}}{{b}}\x1b[2J", literal=False)
    assert all(warning.isprintable() for warning in list_request_warnings(example))
