"""Tests of groups of candidates: comparing a few and looking up many give the same result."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.lookup.candidate_groups import SMALL_GROUP_SIZE, Group, LargeGroup, SmallGroup, update_group
from understudy.matcher.parts.candidate import Candidate, require_bytes
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import MAX_LOOSE_BODIES, PathLine, QueryFit
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings, QueryRule
from understudy.store.model.exchanges import Part, RedactedPlace

BODY = MatchSettings(body=True)
TOKEN = RedactedPlace(Part.QUERY, "token")


def make_query_group(*queries: str, settings: MatchSettings = POSTMAN, least: int = SMALL_GROUP_SIZE + 1) -> Group:
    """Return a group of examples with these queries, with rising ids, and enough others to make it large."""
    every = [*queries, *(f"other={number}" for number in range(least - len(queries)))]
    examples = [
        make_example(f"/a?{query}", id=f"{'z' if query in queries else 'a'}{number:03d}", redacted=[TOKEN])
        for number, query in enumerate(every)
    ]
    return make_group([Candidate.of((example,), settings, require_bytes) for example in examples], settings)


def make_group(candidates: list[Candidate], settings: MatchSettings) -> Group:
    """Return a group of these candidates."""
    group = update_group(None, (), candidates, settings)
    assert group is not None
    return group


@pytest.mark.parametrize(
    ("count", "kind"), [(1, SmallGroup), (SMALL_GROUP_SIZE, SmallGroup), (SMALL_GROUP_SIZE + 1, LargeGroup)]
)
def test_size_decides_the_kind(count: int, kind: type) -> None:
    """Up to eight candidates are compared one by one."""
    assert isinstance(make_query_group(least=count), kind)


@pytest.mark.parametrize("least", [1, SMALL_GROUP_SIZE + 1])
@pytest.mark.parametrize(
    ("query", "winner", "fit"),
    [
        ("q=1", "z000", QueryFit.EQUAL),
        ("q=2", "z001", QueryFit.EQUAL),
        ("Q=2", "z001", QueryFit.FOLDED),
        ("q=3", "z001", QueryFit.UNEQUAL),
        ("q=1&token=x", "z002", QueryFit.EQUAL),
        ("q=1&TOKEN=X", "z002", QueryFit.FOLDED),
        ("q=9&token=x", "z003", QueryFit.EQUAL),
    ],
)
def test_best(least: int, query: str, winner: str, fit: QueryFit) -> None:
    """Better query fits win; among equals fewer wildcards, then the newest."""
    found = make_query_group("q=1", "q=2", "q=1&token=_", "q=9&token=_", least=least).find_best(
        PathLine.EXACT, NormalRequest(make_request(target=f"/a?{query}"), POSTMAN, ("GET",))
    )
    assert found is not None
    assert (found.candidate.id, found.query_fit) == (winner, fit)


@pytest.mark.parametrize(("rule", "fit"), [(QueryRule.REQUIRE, None), (QueryRule.OFF, QueryFit.OFF)])
def test_rules(rule: QueryRule, fit: QueryFit | None) -> None:
    """REQUIRE finds nothing unequal, OFF the best of all."""
    settings = MatchSettings(query=rule)
    found = make_query_group("q=1", settings=settings).find_best(
        PathLine.EXACT, NormalRequest(make_request(target="/a?q=2"), settings, ("GET",))
    )
    assert (found and found.query_fit) == fit


@pytest.mark.parametrize(("body", "hit"), [(b"5", True), (b"5.0", True), (b"99", False), (b"", False)])
def test_bodies_are_looked_up(body: bytes, hit: bool) -> None:
    """Many examples on one path are distinguished by their bodies."""
    requests = [
        make_request("POST", "/a", body=b"%d" % number, content_type="application/json") for number in range(20)
    ]
    examples = (make_example(request, id=f"{number:02d}") for number, request in enumerate(requests))
    group = make_group([Candidate.of((example,), STRICT, require_bytes) for example in examples], STRICT)
    normal_request = NormalRequest(
        make_request("POST", "/a", body=body, content_type="application/json"), STRICT, ("POST",)
    )
    match = group.find_best(PathLine.EXACT, normal_request)
    assert (match and match.candidate.id) == ("05" if hit else None)


JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def make_body_group(*bodies: tuple[bytes, str | None], others: int = 20) -> Group:
    """Return a large group of examples on one path with these bodies, the newest of them last."""
    every = [*((b"other=%d" % number, FORM) for number in range(others)), *bodies]
    requests = [make_request("POST", "/a", body=body, content_type=kind) for body, kind in every]
    examples = [make_example(each, id=f"{number:03d}", literal=False) for number, each in enumerate(requests)]
    return make_group([Candidate.of((each,), BODY, require_bytes) for each in examples], BODY)


def find_by_body(group: Group, body: bytes, kind: str | None) -> str | None:
    """Return the id of the example that a request with this body finds."""
    request = NormalRequest(make_request("POST", "/a", body=body, content_type=kind), BODY, ("POST",))
    found = group.find_best(PathLine.EXACT, request)
    return found.candidate.id if found else None


@pytest.mark.parametrize(
    ("body", "kind", "found"),
    [
        (b"other=7", None, "007"),
        (b'{"a": 1}', None, "020"),
        (b"<a></a>", None, "021"),
        (b"b=1&a=1", FORM, "022"),
        (b"b=1&a=1", None, None),
        (b"a=1&b=1", None, "022"),
        (b"a=1&b=1", JSON, "022"),
        (b"a=1&b=2", JSON, None),
        (b'{"a": 1}', "text/json", "020"),
        (b'{"a": 1}', FORM, None),
        (b"", None, None),
    ],
)
def test_bodies_without_type_are_looked_up(body: bytes, kind: str | None, found: str | None) -> None:
    """A body without Content-Type is looked up by every type of the group, and found by requests of any type."""
    group = make_body_group((b'{"a":1}', JSON), (b"<a/>", "text/xml"), (b"a=1&b=1", None))
    assert find_by_body(group, body, kind) == found


def test_bodies_without_type_are_removed() -> None:
    """An example that several keys find is removed from all of them."""
    group = make_body_group((b"a=1", None))
    [untyped] = (each for each in group.candidates if each.body and each.body.others)
    fewer = update_group(group, [untyped], (), BODY)
    assert isinstance(fewer, LargeGroup)
    assert len(fewer.buckets) == 1
    assert find_by_body(fewer, b"a=1", FORM) is None


@pytest.mark.parametrize(("age", "found"), [(MAX_LOOSE_BODIES - 1, True), (MAX_LOOSE_BODIES, False)])
def test_loose_bodies_are_bounded(age: int, found: bool) -> None:
    """Of the bodies with wildcards inside texts, the newest hundred on a path are compared."""
    newer = [(b'{"b": "%d {{x}}"}' % number, JSON) for number in range(age)]
    group = make_body_group((b'{"a": "b{{x}}"}', JSON), *newer)
    assert (find_by_body(group, b'{"a": "bc"}', JSON) is not None) is found


def test_loose_bodies_are_removed() -> None:
    """A removed example with wildcards inside its texts is not found."""
    group = make_body_group((b'{"a": "b{{x}}"}', JSON))
    [loose] = (each for each in group.candidates if each.body and each.body.is_loose)
    fewer = update_group(group, [loose], (), BODY)
    assert fewer is not None
    assert find_by_body(fewer, b'{"a": "bc"}', JSON) is None


@pytest.mark.parametrize("count", [SMALL_GROUP_SIZE, SMALL_GROUP_SIZE + 1])
def test_newest_is_not_the_first(count: int) -> None:
    """An example with an open value ranks last, however new it is."""
    every = [make_example(f"/a?q={number}", id=f"{number:03d}") for number in range(count - 1)]
    newest = make_example("/a?token=_", id="999", redacted=[TOKEN])
    group = make_group([Candidate.of((example,), POSTMAN, require_bytes) for example in (*every, newest)], POSTMAN)
    assert (group.newest, next(iter(group.candidates)).id) == ((False, "999"), f"{count - 2:03d}")


def test_open_parts_go_with_their_last_candidate() -> None:
    """A set of open parts is forgotten with its last candidate, because each costs every request a look-up."""
    group = make_query_group("q=1", "token=_", least=2 * SMALL_GROUP_SIZE)
    assert isinstance(group, LargeGroup)
    assert len(group.buckets) == 2
    [opened] = (each for each in group.candidates if each.query.wild)
    fewer = update_group(group, [opened], (), POSTMAN)
    assert isinstance(fewer, LargeGroup)
    assert len(fewer.buckets) == 1


def test_many_become_few() -> None:
    """A large group becomes a small one when enough candidates are removed."""
    group = make_query_group(least=SMALL_GROUP_SIZE + 1)
    first, *others = group.candidates
    assert isinstance(update_group(group, [first], (), POSTMAN), SmallGroup)
    assert update_group(group, [first, *others], (), POSTMAN) is None
