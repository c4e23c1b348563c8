"""Tests of request items without an example."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.decision import Decision
from understudy.matcher.index import compile_index
from understudy.matcher.lookup.bare_items import BareItem

ITEMS = [
    BareItem("GET", "/carts/{{id}}", "Get cart"),
    BareItem("GET", "/{{base}}/me", "Me"),
    BareItem("PUT", "/a", "Put"),
]


def decide(method: str, target: str, *fields: tuple[str, str]) -> Decision:
    """Return the decision of an index of one example and these items."""
    index = compile_index([make_example("/a")], items=ITEMS, variables={"base": "v1"})
    return index.decide(make_request(method, target, headers=fields))


@pytest.mark.parametrize(
    ("method", "target", "name"),
    [
        ("GET", "/carts/7?x=1", "Get cart"),
        ("HEAD", "/carts/7", "Get cart"),
        ("GET", "/v1/me", "Me"),
        ("PUT", "/A/", "Put"),
        ("POST", "/carts/7", None),
        ("GET", "/other", None),
        ("GET", "/a", None),
    ],
)
def test_item_that_fits(method: str, target: str, name: str | None) -> None:
    """A miss names the item that fits by method and path; a hit names none."""
    assert decide(method, target).bare_item == name


def test_no_item_for_a_request_by_name() -> None:
    """A request that names an example gets no item, because its path does not count."""
    assert decide("GET", "/carts/7", ("x-mock-response-name", "no")).bare_item is None
