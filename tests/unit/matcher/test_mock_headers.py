"""Tests of the headers by which a request chooses its example."""

from __future__ import annotations

import pytest

from understudy.matcher.mock_headers import NO_SELECTORS, SelectorProblem, Selectors, parse_selectors
from understudy.store.model.messages import Headers


@pytest.mark.parametrize(
    ("fields", "selectors"),
    [
        ([("x-mock-response-code", "500")], Selectors(code=500)),
        ([("X-Mock-Response-Id", " a ")], Selectors(id="a")),
        ([("x-mock-response-name", "Caf\u00c3\u00a9")], Selectors(name="Caf\u00e9")),
        ([("x-mock-match-request-headers", "A, b")], Selectors(headers=frozenset({"a", "b"}))),
        (
            [("x-mock-match-request-headers", "A"), ("x-mock-match-request-headers", "b")],
            Selectors(headers=frozenset("ab")),
        ),
        ([("x-mock-match-request-headers", "")], Selectors(headers=frozenset())),
        ([("x-mock-match-request-body", "True")], Selectors(body=True)),
        ([("x-mock-match-request-body", "false")], Selectors(body=False)),
        ([("x-mock-response-delay", "180000")], Selectors(delay=180_000)),
        ([("x-mock-response-code", "500"), ("x-mock-response-code", "500")], Selectors(code=500)),
        ([("x-mock-unknown", "1"), ("Accept", "*/*"), ("", "")], NO_SELECTORS),
    ],
)
def test_valid_headers(fields: list[tuple[str, str]], selectors: Selectors) -> None:
    """Each header sets its field; unknown headers are ignored."""
    assert parse_selectors(Headers.of(fields)) == selectors


@pytest.mark.parametrize(
    ("name", "value", "takes"),
    [
        ("x-mock-response-code", "soon", "one status code such as 500"),
        ("x-mock-response-code", "", "one status code such as 500"),
        ("x-mock-response-code", "99", "one status code such as 500"),
        ("x-mock-response-code", "1000", "one status code such as 500"),
        ("x-mock-response-code", "\u00b2\u00b2\u00b2", "one status code such as 500"),
        ("x-mock-response-id", "", "the id of an example"),
        ("x-mock-response-name", " ", "the name of an example"),
        ("x-mock-match-request-headers", "a b", "names of up to 100 headers, separated by commas, or nothing"),
        ("x-mock-match-request-headers", "a,,b", "names of up to 100 headers, separated by commas, or nothing"),
        (
            "x-mock-match-request-headers",
            ",".join(["a"] * 101),
            "names of up to 100 headers, separated by commas, or nothing",
        ),
        ("x-mock-match-request-body", "1", "true or false"),
        ("x-mock-response-delay", "0", "milliseconds from 1 to 180000"),
        ("x-mock-response-delay", "180001", "milliseconds from 1 to 180000"),
        ("x-mock-response-delay", "1.5", "milliseconds from 1 to 180000"),
    ],
)
def test_malformed_values(name: str, value: str, takes: str) -> None:
    """The problem names the header and the values that it takes."""
    problem = parse_selectors(Headers.of([("Accept", "*/*"), (name, value)]))
    assert isinstance(problem, SelectorProblem)
    assert (problem.header, problem.expected) == (name, takes)
    assert problem.message.startswith(f"{name} takes {takes}, not ")


def test_two_different_values_are_a_problem() -> None:
    """Two different values of one header are a problem."""
    problem = parse_selectors(Headers.of([("x-mock-response-code", "200"), ("x-mock-response-code", "500")]))
    assert problem == SelectorProblem("x-mock-response-code", "200,500", "one status code such as 500")


@pytest.mark.parametrize(
    ("id", "ids"),
    [("a", ("a",)), ("12-a-b", ("12-a-b", "a-b")), ("x-a", ("x-a",)), ("12-", ("12-",)), ("\u00b2-a", ("\u00b2-a",))],
)
def test_uid(id: str, ids: tuple[str, ...]) -> None:
    """Postman's uid has the owner's number before the id."""
    assert Selectors(id=id).ids == ids
