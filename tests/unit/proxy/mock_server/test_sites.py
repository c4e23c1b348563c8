"""Mock servers compiled for one port, and what is recompiled when the store changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.factories.messages import make_example, make_request, make_response
from tests.factories.stored import additions, collect, make_server_error, serve
from tests.in_memory.mock_servers import Logged
from understudy.matcher.index import compile_index
from understudy.matcher.parts.candidate import Candidate
from understudy.proxy.mock_server.sites import MockSites, ServingContext, SharedSequences
from understudy.proxy.shared_counts import SharedCounts
from understudy.serving.answers.reply_cache import get_inline_body
from understudy.serving.mock_server.calls import CompiledMockServer
from understudy.serving.mock_server.site import MockSite
from understudy.store.errors import NotFound
from understudy.store.model.collections import Environment
from understudy.store.model.mock_servers import ApiKey, Behaviour, Delay, Matching, MockServer
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.store import Store


@pytest.fixture
def counts() -> Iterator[SharedCounts]:
    """A table of counters in memory."""
    with closing(SharedCounts(None)) as opened:
        yield opened


# Where sequences stand


def candidate(*ids: str) -> Candidate:
    """The one candidate that these examples make."""
    [only] = compile_index([make_example(id=id, sequence="s") for id in ids]).candidates
    return only


def turns(sequences: SharedSequences, one: Candidate, count: int) -> list[str]:
    return [example.id for _ in range(count) if (example := sequences.next(one))]


TWO = candidate("01", "02")


def test_a_sequence_is_shared_by_all_processes(counts: SharedCounts) -> None:
    one, other = SharedSequences(counts, "shop"), SharedSequences(counts, "shop")
    assert turns(one, TWO, 1) + turns(other, TWO, 2) == ["01", "02", "02"]


def test_each_mock_server_has_sequences_of_its_own(counts: SharedCounts) -> None:
    assert turns(SharedSequences(counts, "shop"), TWO, 1) == turns(SharedSequences(counts, "cart"), TWO, 1) == ["01"]


def test_sequences_start_over_for_all_processes(counts: SharedCounts) -> None:
    one, other = SharedSequences(counts, "shop"), SharedSequences(counts, "shop")
    turns(one, TWO, 2)
    other.reset()
    assert turns(one, TWO, 1) == ["01"]


def test_sequences_start_over_once_for_an_epoch(counts: SharedCounts) -> None:
    """In whichever process reads the change first."""
    one, other = SharedSequences(counts, "shop"), SharedSequences(counts, "shop")
    one.reset_for(1)
    turns(one, TWO, 1)
    other.reset_for(1)
    assert turns(other, TWO, 1) == ["02"]
    other.reset_for(2)
    assert turns(one, TWO, 1) == ["01"]


def test_an_example_added_while_the_last_one_repeats_comes_next(counts: SharedCounts) -> None:
    sequences = SharedSequences(counts, "shop")
    turns(sequences, TWO, 5)
    assert turns(sequences, candidate("01", "02", "03"), 2) == ["03", "03"]


@pytest.mark.parametrize(("ids", "moves"), [(("01",), False), (("01", "02"), True)])
def test_only_a_sequence_moves(counts: SharedCounts, ids: tuple[str, ...], moves: bool) -> None:
    sequences = SharedSequences(counts, "shop")
    assert sequences.may_advance(candidate(*ids)) is moves
    assert turns(sequences, candidate(*ids), 1) == ["01"]


# What is served


class Port:
    """The mock servers of a port, which follow changes as in its process."""

    def __init__(self, store: Store, counts: SharedCounts, *names: str, at_root: bool = False) -> None:
        self.store = store
        environs = ServingContext(counts, get_inline_body, store.bodies.read, Logged())
        self.sites = MockSites(store, environs, names, at_root=at_root)
        self._seen = store.changes.get_latest()
        self.site = self.sites.compile_site()

    def follow(self) -> MockSite | None:
        """Apply changes, and return the new site; None if it is the same."""
        changes = self.store.changes.list_since(self._seen)
        self._seen = self.store.changes.get_latest()
        site = self.sites.apply_changes(changes)
        self.site = site or self.site
        return site

    def served(self, slug: str = "shop") -> CompiledMockServer:
        return self.site.directory.by_slug[slug]

    def answer(self, target: str = "/users/7", slug: str = "shop") -> object:
        """Return the body of the example that answers."""
        candidate = self.served(slug).answers.index.decide(make_request(target=target, origin=None)).candidate
        return candidate and self.store.bodies.read(candidate.examples[-1].response.body)


@pytest.fixture
def shop(store: Store) -> MockServer:
    return serve(store, collect(store, make_example("/users/7", response=make_response(body=b"old"), item_id="shop")))


@pytest.fixture
def cart(store: Store) -> MockServer:
    return serve(store, collect(store, make_example("/carts/7", id="07", item_id="cart"), name="cart"), "cart")


@pytest.mark.usefixtures("cart")
@pytest.mark.parametrize(
    ("names", "slugs"), [((), ["cart", "shop"]), (("shop",), ["shop"]), (("cart", "id-of-shop"), ["cart", "shop"])]
)
def test_named_mock_servers_are_served_or_all(
    store: Store, counts: SharedCounts, shop: MockServer, names: tuple[str, ...], slugs: list[str]
) -> None:
    port = Port(store, counts, *names)
    assert sorted(port.site.directory.by_slug) == slugs
    assert (port.served().mock, port.site.directory.root) == (shop, None)


def test_one_may_answer_at_the_root(store: Store, counts: SharedCounts, shop: MockServer) -> None:
    root = Port(store, counts, "shop", at_root=True).site.directory.root
    assert root is not None
    assert root.mock == shop


def test_an_unknown_name_is_refused(store: Store, counts: SharedCounts) -> None:
    with pytest.raises(NotFound):
        Port(store, counts, "shop")


# What changes


def edit(store: Store, shop: MockServer) -> None:
    [example] = store.collections.list_examples(shop.collection_id)
    store.collections.save_example(replace(example, response=make_response(body=b"new")))


def add(store: Store, shop: MockServer) -> None:
    collection = store.collections.find(shop.collection_id)
    newer = make_example("/users/7", id="02", response=make_response(body=b"new"), item_id="new")
    store.collections.update(collection.id, additions(collection, newer))


def drop(store: Store, shop: MockServer) -> None:
    store.collections.update(shop.collection_id, CollectionUpdate(dropped=["01"]))


@pytest.mark.parametrize(("change", "answer"), [(edit, b"new"), (add, b"new"), (drop, None)])
def test_an_edit_is_served_and_the_others_are_left_alone(
    store: Store,
    counts: SharedCounts,
    shop: MockServer,
    cart: MockServer,
    change: Callable[[Store, MockServer], None],
    answer: bytes | None,
) -> None:
    port = Port(store, counts)
    before, other = port.served(), port.served(cart.slug)
    assert port.answer() == b"old"
    change(store, shop)
    assert port.follow() is not None
    assert port.answer() == answer
    assert port.served() is not before
    assert port.served(cart.slug) is other


SETTINGS = {
    "name": {"name": "Shop 2"},
    "delay": {"behaviour": Behaviour(Delay(5))},
    "cors": {"cors": False},
    "matching": {"matching": Matching(body="require")},
    "private": {"private": True},
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.usefixtures("cart")
def test_a_setting_is_served(store: Store, counts: SharedCounts, shop: MockServer, name: str) -> None:
    port = Port(store, counts)
    before, other = port.served(), port.served("cart")
    store.mock_servers.save(replace(shop, **SETTINGS[name]))  # type: ignore[arg-type]
    assert port.follow() is not None
    assert port.served().mock == store.mock_servers.find(shop.id)
    assert (port.served().answers is before.answers) is (name not in ("matching", "private"))
    assert (port.served().calls, port.served("cart")) == (before.calls, other)


def test_a_mock_server_comes_and_goes_as_it_is_created_and_deleted(
    store: Store, counts: SharedCounts, shop: MockServer
) -> None:
    port = Port(store, counts)
    serve(store, store.collections.find(shop.collection_id), "cart")
    port.follow()
    assert sorted(port.site.directory.by_slug) == ["cart", "shop"]
    store.mock_servers.delete(shop.id)
    port.follow()
    assert sorted(port.site.directory.by_slug) == ["cart"]


def test_a_new_key_is_accepted_at_once(store: Store, counts: SharedCounts, shop: MockServer) -> None:
    port = Port(store, counts, shop.name)
    answers = port.served().answers
    store.keys.add(ApiKey("k", "ci", "digest", "1234", 0.0))
    port.follow()
    assert (port.served().keys, port.served().answers) == (frozenset({"digest"}), answers)
    store.keys.revoke("ci")
    port.follow()
    assert port.served().keys == frozenset()


def test_a_server_error_that_becomes_active_answers(store: Store, counts: SharedCounts, shop: MockServer) -> None:
    error = make_server_error(shop, response=make_response(503, b"down"))
    store.mock_servers.save_server_error(error)
    port = Port(store, counts)
    assert port.served().server_error is None
    store.mock_servers.save(replace(shop, server_error_id=error.id))
    port.follow()
    active = port.served().server_error
    assert active is not None
    assert (active.status, active.body, active.headers.get("Content-Length")) == (503, b"down", "4")


def test_a_variable_is_served(store: Store, counts: SharedCounts) -> None:
    store.environments.save(Environment("e", "stage", {"name": "ada"}))
    asked = make_request(target="/users/{{name}}", origin=None)
    collection = collect(store, make_example(asked, literal=False, response=make_response(body=b"hit")))
    serve(store, collection, environment_id="e")
    port = Port(store, counts)
    assert [port.answer(f"/users/{name}") for name in ("ada", "bob")] == [b"hit", None]
    store.environments.save(Environment("e", "stage", {"name": "bob"}))
    port.follow()
    assert [port.answer(f"/users/{name}") for name in ("ada", "bob")] == [None, b"hit"]


def test_a_change_that_concerns_no_mock_server_changes_nothing(
    store: Store, counts: SharedCounts, shop: MockServer
) -> None:
    port = Port(store, counts, shop.name)
    store.environments.save(Environment("e", "stage", {"id": "7"}))
    store.settings.set("x", 1)
    collect(store, make_example("/other", id="09", item_id="other"), name="other")
    assert port.follow() is None


def test_when_changes_were_pruned_everything_is_compiled(store: Store, counts: SharedCounts, shop: MockServer) -> None:
    port = Port(store, counts)
    before = port.served()
    edit(store, shop)
    site = port.sites.apply_changes(None)
    assert site is not None
    assert site.directory.by_slug["shop"].answers is not before.answers


def test_sequences_start_over_after_a_reset(store: Store, counts: SharedCounts, shop: MockServer) -> None:
    port = Port(store, counts)
    sequences = port.served().answers.sequences
    assert isinstance(sequences, SharedSequences)
    turns(sequences, TWO, 2)
    store.mock_servers.restart_sequences(shop.id)
    port.follow()
    assert turns(sequences, TWO, 1) == ["01"]


@pytest.mark.parametrize(("limit", "logged"), [(10, True), (0, False)])
def test_calls_are_counted_as_unlogged_while_the_log_is_off(
    store: Store, counts: SharedCounts, shop: MockServer, limit: int, logged: bool
) -> None:
    store.mock_servers.save(replace(shop, log_limit=limit))
    assert (Port(store, counts).served().unlogged is None) is logged
