"""Candidates found together: few are compared, many are looked up, with one outcome."""

from __future__ import annotations

import pytest

from matcher.asked import Asked
from matcher.candidate import Candidate, plain_bytes
from matcher.groups import FEW, Few, Group, Many, group
from matcher.scores import PathLine, QueryFit
from matcher.settings import POSTMAN, STRICT, MatchSettings, QueryRule
from store.entities import Part, Redacted
from tests.factories import make_example, make_request

TOKEN = Redacted(Part.QUERY, "token")


def grouped(*queries: str, settings: MatchSettings = POSTMAN, least: int = FEW + 1) -> Group:
    """A group of examples with these queries, ids rising from a, and as many others as make it large."""
    every = [*queries, *(f"other={number}" for number in range(least - len(queries)))]
    examples = [
        make_example(f"/a?{query}", id=f"{'z' if query in queries else 'a'}{number:03d}", redacted=[TOKEN])
        for number, query in enumerate(every)
    ]
    return group((Candidate.of((example,), settings, plain_bytes) for example in examples), settings)


@pytest.mark.parametrize(("count", "kind"), [(1, Few), (FEW, Few), (FEW + 1, Many)])
def test_size_decides_the_kind(count: int, kind: type) -> None:
    """Up to eight are compared one by one."""
    assert isinstance(grouped(least=count), kind)


@pytest.mark.parametrize("least", [1, FEW + 1])
@pytest.mark.parametrize(
    ("asked", "winner", "fit"),
    [
        ("q=1", "z000", QueryFit.EQUAL),
        ("q=2", "z001", QueryFit.EQUAL),
        ("Q=2", "z001", QueryFit.FOLDED),
        ("q=3", "z001", QueryFit.UNEQUAL),
        ("q=1&token=x", "z002", QueryFit.WILD),
        ("q=1&TOKEN=X", "z002", QueryFit.FOLDED),
        ("q=9&token=x", "z003", QueryFit.WILD),
    ],
)
def test_best(least: int, asked: str, winner: str, fit: QueryFit) -> None:
    """Each class of queries is found before the next; among equals fewer wildcards, then the newest."""
    found = grouped("q=1", "q=2", "q=1&token=_", "q=9&token=_", least=least).best(
        PathLine.EXACT, Asked(make_request(target=f"/a?{asked}"), POSTMAN, ("GET",))
    )
    assert found is not None
    assert (found.candidate.id, found.query_fit) == (winner, fit)


@pytest.mark.parametrize(("rule", "fit"), [(QueryRule.REQUIRE, None), (QueryRule.OFF, QueryFit.OFF)])
def test_rules(rule: QueryRule, fit: QueryFit | None) -> None:
    """REQUIRE finds nothing unequal, OFF the best of all."""
    settings = MatchSettings(query=rule)
    found = grouped("q=1", settings=settings).best(
        PathLine.EXACT, Asked(make_request(target="/a?q=2"), settings, ("GET",))
    )
    assert (found and found.query_fit) == fit


@pytest.mark.parametrize(("body", "hit"), [(b"5", True), (b"5.0", True), (b"99", False), (b"", False)])
def test_bodies_are_looked_up(body: bytes, hit: bool) -> None:
    """Many exchanges on one path, told apart by body alone."""
    requests = [
        make_request("POST", "/a", body=b"%d" % number, content_type="application/json") for number in range(20)
    ]
    examples = (make_example(request, id=f"{number:02d}") for number, request in enumerate(requests))
    found = group((Candidate.of((example,), STRICT, plain_bytes) for example in examples), STRICT)
    asked = Asked(make_request("POST", "/a", body=body, content_type="application/json"), STRICT, ("POST",))
    match = found.best(PathLine.EXACT, asked)
    assert (match and match.candidate.id) == ("05" if hit else None)
