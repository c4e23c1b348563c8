"""What a mock server, or a collection by itself, answers from."""

from __future__ import annotations

import logging

import pytest

from tests.factories.messages import make_example, make_request
from tests.factories.stored import collect, make_item, serve
from understudy.matcher.lookup.bare_items import BareItem
from understudy.matcher.settings import POSTMAN, MatchSettings, settings_from_matching
from understudy.proxy.compilation.mock_setup import read_mock_setup
from understudy.proxy.operations.mock_servers.mock_servers import find_mock
from understudy.store.errors import NotFound
from understudy.store.model.collections import Environment
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.mock_servers import Matching
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.store import Store


def test_a_mock_server_comes_before_a_collection_of_its_name(store: Store) -> None:
    shop, other = store.collections.create("shop"), store.collections.create("other")
    mock = serve(store, shop, "other", slug="api")
    assert [find_mock(store, text) for text in ("shop", "other", "api", other.id)] == [shop, mock, mock, other]


def test_an_unknown_name_lists_mock_servers_and_collections(store: Store) -> None:
    serve(store, store.collections.create("shop"), "api")
    with pytest.raises(NotFound, match=r"^there is no mock server or collection 'x'; there are: api, shop$"):
        find_mock(store, "x")


def test_a_collection_by_itself_has_the_default_settings(store: Store) -> None:
    shop = collect(store, make_example())
    store.collections.set_variables(shop.id, {"a": "1"})
    setup = read_mock_setup(store, store.collections.find("shop"))
    assert (setup.mock, setup.settings, setup.variables) == (None, POSTMAN, {"a": "1"})
    assert [example.id for example in setup.examples] == ["01"]


def test_a_mock_server_has_its_own_settings(store: Store) -> None:
    shop = store.collections.create("shop", {"a": "1", "b": "1"})
    store.environments.save(Environment("e", "stage", {"b": "2"}))
    matching = Matching(body="require")
    mock = serve(store, shop, environment_id="e", matching=matching, private=True)
    setup = read_mock_setup(store, mock)
    assert (setup.collection, setup.mock, setup.variables) == (shop, mock, {"a": "1", "b": "2"})
    assert setup.settings == settings_from_matching(matching, private=True)


def test_requests_without_an_example_are_named_by_a_miss(store: Store) -> None:
    shop = collect(store, make_example(item_id="answered"))
    items = [make_item(shop.id, method="GET", path="/orders/:id"), make_item(shop.id, key="recorded")]
    store.collections.update(shop.id, CollectionUpdate(items=items))
    setup = read_mock_setup(store, shop)
    assert setup.items == [BareItem("GET", "/orders/:id", items[0].name)]
    index = setup.build_index(store.bodies.read)
    missed = index.normalize_request(make_request(target="/orders/7"), ("GET",))
    assert index.find_bare_item(missed) == items[0].name


@pytest.mark.parametrize(("count", "lines"), [(0, 0), (10, 10), (12, 11)])
def test_examples_that_cannot_be_used_are_logged(
    store: Store, caplog: pytest.LogCaptureFixture, count: int, lines: int
) -> None:
    """Each with its reason; of many only the first ones."""
    nowhere = frozenset({RedactedPlace(Part.JSON, "pin")})
    examples = [make_example(id=f"{number:02d}", redacted=nowhere, item_id=f"i{number}") for number in range(count)]
    shop = collect(store, *examples, make_example(id="99"))
    setup = replace(read_mock_setup(store, shop), settings=MatchSettings(body=True))
    with caplog.at_level(logging.WARNING, logger="understudy"):
        index = setup.build_index(store.bodies.read)
    assert (len(index), len(index.unusable), len(caplog.messages)) == (1, count, lines)
    said = "expected a JSON path like $.user.token, got 'pin'"
    told = [f'collection shop: example "{each.name}" ({each.id}) cannot be used: {said}' for each in examples[:10]]
    assert caplog.messages[:10] == told
    assert caplog.messages[10:] == (["collection shop: 2 more cannot be used"] if count > 10 else [])


def test_names_of_items_stand_beside_those_of_examples(store: Store) -> None:
    """The name of a request item is kept for explanations, unless the name of its example repeats it."""
    shop = store.collections.create("shop")
    items = [replace(make_item(shop.id), name=name) for name in ("Get user", "GET /users/7")]
    examples = [
        make_example(id=f"{number}", name=name, collection_id=shop.id, item_id=item.id)
        for number, (name, item) in enumerate(zip(("Success", "GET /users/7 - 200"), items, strict=True))
    ]
    store.collections.update(shop.id, CollectionUpdate(items, examples))
    setup = read_mock_setup(store, shop)
    assert setup.item_names == {items[0].id: "Get user"}
    assert setup.build_index(store.bodies.read).item_names == setup.item_names
