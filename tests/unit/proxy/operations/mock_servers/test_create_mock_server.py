"""Creating mock servers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.stored import EVERYTHING, make_exchange, serve
from understudy.proxy.operations.collections.request_lines import Typed
from understudy.proxy.operations.mock_servers.create_mock_server import MockServerDraft, create_mock_server
from understudy.proxy.operations.mock_servers.mock_server_rules import FORBID_PUBLIC
from understudy.proxy.operations.mock_servers.mock_sources import (
    ExistingCollection,
    MockSource,
    RecordedHistory,
    TypedRequests,
)
from understudy.store.errors import Conflict, NotFound, UserError
from understudy.store.model.collections import Environment
from understudy.store.model.mock_servers import Behaviour, MockServer
from understudy.store.repositories.store import Store

REQUESTS = TypedRequests([(Typed("GET", "/b", 200), b"")])
HISTORY = RecordedHistory(EVERYTHING, "s")
SHOP = ExistingCollection("shop")
SOURCES = {"requests": REQUESTS, "history": HISTORY}
new_collections = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)


@pytest.fixture(autouse=True)
def shop(store: Store) -> MockServer:
    """The mock server "shop" of the collection "shop", and a session with one exchange."""
    session = store.sessions.create("s", None)
    store.history.add([make_exchange(session.id)])
    return serve(store, store.collections.create("shop"))


def create(store: Store, source: MockSource = SHOP, name: str = "new", **fields: Any) -> MockServer:
    return create_mock_server(store, MockServerDraft(name, **fields), source, actor="ada").details.mock


def read_state(store: Store) -> list[Any]:
    return [store.collections.list_summaries(), store.mock_servers.list(), store.environments.list()]


def test_a_mock_server_answers_from_a_collection_that_exists(store: Store) -> None:
    assert create(store).collection_id == store.collections.find("shop").id


@new_collections
def test_a_mock_server_answers_from_a_new_collection_of_its_name(store: Store, source: MockSource) -> None:
    assert create(store, source).collection_id == store.collections.find("new").id


def test_a_mock_server_is_kept_as_its_draft(store: Store) -> None:
    behaviour = Behaviour(bytes_per_second=9)
    mock = create(store, private=True, behaviour=behaviour, cors=False, log_limit=5)
    assert store.mock_servers.find("new") == mock
    assert (mock.private, mock.behaviour, mock.cors, mock.log_limit) == (True, behaviour, False, 5)


def test_its_details_have_names(store: Store) -> None:
    store.environments.save(Environment("e", "stage"))
    details = create_mock_server(store, MockServerDraft("new", environment="stage"), SHOP, actor="ada").details
    assert (details.collection, details.environment) == ("shop", "stage")


def test_the_promotion_of_history_is_returned(store: Store) -> None:
    outcome = create_mock_server(store, MockServerDraft("new"), HISTORY, actor="ada").outcome
    assert outcome
    assert (outcome.selected, outcome.examples) == (1, 1)


def test_a_slug_is_made_from_the_name(store: Store) -> None:
    assert create(store, name="Shop API").slug == "shop-api"


def test_a_slug_that_is_taken_gets_a_number(store: Store) -> None:
    assert create(store, name="SHOP!").slug == "shop-2"


def test_a_slug_can_be_given(store: Store) -> None:
    assert create(store, slug="given").slug == "given"


def test_its_url_is_saved_as_a_variable(store: Store) -> None:
    create(store, save_url="base")
    assert store.environments.find("new").variables == {"base": "http://127.0.0.1:4000/mocks/new"}


# Refused, and nothing is left


@new_collections
@pytest.mark.parametrize("draft", [{"slug": "shop"}, {"name": "shop"}, {"name": "stage", "save_url": "base"}], ids=str)
def test_what_is_taken_leaves_nothing(store: Store, source: MockSource, draft: dict[str, Any]) -> None:
    store.environments.save(Environment("e", "stage", {"base": "other"}))
    before = read_state(store)
    with pytest.raises(Conflict):
        create(store, source, **draft)
    assert read_state(store) == before


@new_collections
@pytest.mark.parametrize("draft", [{"slug": "A"}, {"environment": "x"}, {"name": " "}, {"save_url": ""}], ids=str)
def test_what_cannot_be_leaves_nothing(store: Store, source: MockSource, draft: dict[str, Any]) -> None:
    before = read_state(store)
    with pytest.raises(UserError):
        create(store, source, **draft)
    assert read_state(store) == before


@new_collections
def test_where_public_ones_are_forbidden_nothing_is_left(store: Store, source: MockSource) -> None:
    store.settings.set(FORBID_PUBLIC, True)
    before = read_state(store)
    with pytest.raises(UserError, match="public mock servers are forbidden on this store") as raised:
        create(store, source)
    assert raised.value.hint
    assert (raised.value.hint.action, read_state(store)) == ("make_private", before)


def test_where_public_ones_are_forbidden_a_private_one_is_created(store: Store) -> None:
    store.settings.set(FORBID_PUBLIC, True)
    assert create(store, private=True).private


@pytest.mark.parametrize(
    "missing", [ExistingCollection("x"), RecordedHistory(EVERYTHING, "x")], ids=["collection", "session"]
)
def test_a_source_has_to_exist(store: Store, missing: MockSource) -> None:
    with pytest.raises(NotFound):
        create(store, missing)


def test_typed_requests_that_do_not_match_as_meant_have_warnings(store: Store) -> None:
    source = TypedRequests([(Typed("GET", "/{{a}}{{b}}"), b""), (Typed("GET", "/{{a}}", 200), b"")])
    (warning,) = create_mock_server(store, MockServerDraft("new"), source, actor="ada").warnings
    assert warning.startswith("the segment {{a}}{{b}} of GET /{{a}}{{b}} has two wildcards")


def test_other_sources_have_no_warnings(store: Store) -> None:
    assert create_mock_server(store, MockServerDraft("new"), SHOP, actor="ada").warnings == []
