"""Tests of the indexes that selector headers cause."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher import index as index_module
from understudy.matcher.index import Index, compile_index
from understudy.matcher.lookup import candidate_groups
from understudy.matcher.mock_headers import Selectors
from understudy.matcher.scores import MAX_HEADER_LISTS
from understudy.matcher.settings import POSTMAN, MatchSettings
from understudy.store.model.messages import BodyRef, Request

LIST, BODY = "x-mock-match-request-headers", "x-mock-match-request-body"


def make_listing_request(number: int, value: str, target: str = "/a") -> Request:
    """Return a request that asks to compare one header."""
    return make_request(target=target, headers=[(f"x-{number}", value), (LIST, f"x-{number}, X-Mock-A")])


def compile_examples(count: int = 1) -> Index:
    """Return an index of examples with forty headers of one value each."""
    return compile_index(
        [
            make_example(
                make_request(target=target, headers=[(f"x-{n}", value) for n in range(40)]), id=f"{number}{value}"
            )
            for number in range(count)
            for value in ("r", "b")
            for target in ("/a",)
        ]
    )


def test_header_lists_are_kept_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of headers beyond the limit are compared one by one, with the same result."""
    found, scan = compile_examples(), Mock(wraps=index_module.build_temporary_index)
    monkeypatch.setattr(index_module, "build_temporary_index", scan)
    for number in range(MAX_HEADER_LISTS + 4):
        for value in ("r", "b", "x"):
            candidate = found.decide(make_listing_request(number, value)).candidate
            assert (candidate and candidate.id) == (None if value == "x" else f"0{value}")
    assert found.header_list_count == MAX_HEADER_LISTS
    assert scan.call_count == 3 * 4


def test_scan_explains_itself() -> None:
    """A decision by comparing one by one has the same near misses."""
    found = compile_examples()
    for number in range(MAX_HEADER_LISTS):
        found.decide(make_listing_request(number, "r"))
    misses = found.decide(make_listing_request(39, "x")).find_near_misses()
    assert [miss.differences[0].expected for miss in misses] == ["x-39: r", "x-39: b"]
    assert found.decide(make_listing_request(39, "r", "/z")).find_near_misses()


def test_scan_finds_what_distance_finds() -> None:
    """Comparing one by one includes matches by distance, and HEAD answered by GET."""
    found = compile_index(
        [make_example(make_request(target="/profile", headers=[("x-39", "r")]), literal=False)], POSTMAN
    )
    for number in range(MAX_HEADER_LISTS):
        found.decide(make_listing_request(number, "r"))
    assert found.decide(make_listing_request(39, "r", "/profle")).score == 80
    head = make_request("HEAD", "/profile", headers=[("x-39", "r"), (LIST, "x-39")])
    assert found.decide(head).is_head_by_get


def test_equivalent_header_lists_share_an_index() -> None:
    """Lists that differ in order, case, repeats or Understudy's own headers share one index."""
    found = compile_examples()
    for written in ("x-1,x-2", "X-2, x-1, x-1", "x-1,x-2,x-api-key,x-mock-b"):
        found.decide(make_request(headers=[(LIST, written)]))
    assert found.header_list_count == 1


def test_selectors_that_repeat_the_settings_change_nothing() -> None:
    """Selectors that repeat the settings leave these unchanged, so that no index is built."""
    settings = MatchSettings(headers=frozenset({"X-A"}), body=True)
    assert index_module.apply_selectors(settings, Selectors(headers=frozenset({"x-a"}), body=True)) is settings


def test_body_in_the_store() -> None:
    """A body in the store is loaded when the index is compiled; if it cannot be, the example is unusable.

    It is unusable only under settings that compare bodies.
    """
    example = make_example(make_request("POST", "/a", body=BodyRef("ab", 5)))
    request = make_request("POST", "/a", body=b"hello", headers=[(BODY, "true")])
    assert compile_index([example], load_body=lambda _: b"hello").decide(request).candidate
    found = compile_index([example])
    assert found.decide(request).candidate is None
    assert found.decide(make_request("POST", "/a", body=b"x")).candidate
    assert found.apply_settings(MatchSettings(body=True)).unusable[0].reason.startswith("its body was not read")


def test_unreadable_body_matters_only_where_it_is_compared() -> None:
    """An example whose body cannot be read still answers requests that do not compare bodies."""

    def refuse(_: object) -> bytes:
        raise OSError("not readable")

    found = compile_index([make_example(make_request("POST", "/a", body=BodyRef("ab", 5)))], load_body=refuse)
    assert found.unusable == ()
    assert found.decide(make_request("POST", "/a", body=b"x")).candidate


@pytest.mark.parametrize("few", [0, 8])
def test_one_header_among_many(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """A look-up and a comparison find the same example."""
    monkeypatch.setattr(candidate_groups, "SMALL_GROUP_SIZE", few)
    candidate = compile_examples(20).decide(make_listing_request(1, "r")).candidate
    assert candidate is not None
    assert candidate.id == "9r"


def test_a_sequence_is_split_where_headers_count() -> None:
    """One request of several tenants is promoted as a sequence; with the header listed, each tenant has its own."""
    recorded = [(None, "01"), ("t1", "02"), ("t2", "03"), ("t1", "04")]
    examples = [
        make_example(make_request(headers={"X-Tenant": tenant} if tenant else {}), id=id, sequence="s")
        for tenant, id in recorded
    ]
    for settings in (
        MatchSettings(headers=frozenset({"X-Tenant"})),
        MatchSettings(preferred_headers=frozenset({"X-Tenant"})),
    ):
        index = compile_index(examples, settings)
        found = [index.decide(make_request(headers={"X-Tenant": tenant} if tenant else {})) for tenant, _ in recorded]
        assert [[each.id for each in one.candidate.examples] for one in found if one.candidate] == [
            ["01"],
            ["02", "04"],
            ["03"],
            ["02", "04"],
        ]
        assert [each.id for each in index.apply_changes(["04"], []).candidates] == ["03", "02", "01"]
