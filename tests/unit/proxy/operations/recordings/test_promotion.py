"""Promotion with a store: batches, transactions, actors, and how an interrupted promotion is resumed."""

from __future__ import annotations

import pytest

from tests.factories.stored import make_exchange, record
from understudy.proxy.operations.recordings import promotion
from understudy.proxy.operations.recordings.promotion import (
    PromotionOutcome,
    choose_exchanges,
    promote_history,
    save_exchange,
)
from understudy.store.errors import NotFound, UserError
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Exchange
from understudy.store.model.values import replace
from understudy.store.promotion import PromotionPlan, Repeats
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store
from understudy.store.write_pieces import PieceSize

ALL = HistoryFilter()
BODIES = (b"1", b"2", b"3", b"4", b"5")


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PieceSize, "pause", lambda _self, _seconds: None)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of two exchanges."""
    for name in ("SMALLEST_BATCH_SIZE", "LARGEST_BATCH_SIZE"):
        monkeypatch.setattr(promotion, name, 2)


def promote(store: Store, criteria: HistoryFilter = ALL, *, again: bool = False) -> PromotionOutcome:
    return promote_history(store, criteria, "shop", PromotionPlan(), again=again, actor="ada")


def list_examples(store: Store) -> list[Example]:
    return store.collections.list_examples(store.collections.find("shop").id)


def list_bodies(store: Store) -> list[bytes]:
    return [store.bodies.read(example.response.body) for example in list_examples(store)]


def test_the_collection_is_created(store: Store) -> None:
    record(store, *BODIES)
    outcome = promote(store)
    assert (outcome.selected, outcome.examples, outcome.items) == (5, 5, 1)
    assert list_bodies(store) == list(BODIES)


def test_a_collection_that_exists_is_added_to(store: Store) -> None:
    record(store, *BODIES)
    shop = store.collections.create("shop")
    promote(store)
    assert store.collections.find("shop") == shop
    assert list_bodies(store) == list(BODIES)


@pytest.mark.usefixtures("small_batches")
def test_batches_share_their_request_items(store: Store) -> None:
    record(store, *BODIES)
    outcome = promote(store)
    assert (outcome.selected, outcome.examples, outcome.items) == (5, 5, 1)


def test_promoting_again_adds_nothing(store: Store) -> None:
    record(store, *BODIES)
    promote(store)
    outcome = promote(store)
    assert (outcome.examples, outcome.already) == (0, 5)


def test_a_deleted_example_stays_deleted_unless_again(store: Store) -> None:
    record(store, b"1")
    promote(store)
    [example] = list_examples(store)
    store.collections.delete_example(example.collection_id, example.id)
    assert [promote(store).examples, promote(store, again=True).examples] == [0, 1]


@pytest.mark.usefixtures("small_batches")
def test_an_interrupted_promotion_is_resumed(store: Store) -> None:
    record(store, *BODIES)
    steps = iter([None])
    with pytest.raises(StopIteration):
        promote_history(store, ALL, "shop", PromotionPlan(), actor="ada", step=lambda: next(steps))
    assert list_bodies(store) == [b"1", b"2", b"3", b"4"]
    assert promote(store).already == 4
    assert list_bodies(store) == list(BODIES)


def test_a_first_batch_that_fails_creates_no_collection(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("stop")

    record(store, b"1")
    monkeypatch.setattr(store.collections, "update", fail)
    with pytest.raises(RuntimeError, match="stop"):
        promote(store)
    assert store.collections.list_summaries() == []


def test_every_change_keeps_its_actor(store: Store) -> None:
    record(store, *BODIES)
    promote(store)
    assert {change.actor for change in store.changes.list_since(0) or ()} == {"ada"}


def test_a_selection_of_nothing_creates_no_collection(store: Store) -> None:
    with pytest.raises(UserError, match="nothing to promote: there is no exchange"):
        promote(store)
    assert store.collections.list_summaries() == []


def test_an_entry_that_does_not_exist_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no history entry 4711"):
        promote(store, HistoryFilter(ids=frozenset([4711])))


def test_again_does_not_go_with_newest(store: Store) -> None:
    with pytest.raises(UserError, match="does not go with repeats: newest") as refused:
        promote_history(store, ALL, "shop", PromotionPlan(Repeats.NEWEST), again=True, actor="ada")
    assert refused.value.field == "again"


# What is chosen


def test_a_choice_may_name_a_session(store: Store) -> None:
    session = store.sessions.create("shop", None)
    assert choose_exchanges(store, HistoryFilter(status="2xx"), "shop") == HistoryFilter(
        session_id=session.id, status="2xx"
    )


def test_a_choice_needs_a_condition_or_a_session(store: Store) -> None:
    with pytest.raises(UserError, match="nothing to promote was chosen"):
        choose_exchanges(store, HistoryFilter(), None)


# One exchange that is not in history


def save(store: Store, exchange: Exchange, name: str | None = None) -> Example | None:
    return save_exchange(store, exchange, "shop", name=name, keep_secrets=False, actor="ada")[0]


def test_an_exchange_is_saved_as_an_example(store: Store) -> None:
    saved = save(store, make_exchange(), "mine")
    [kept] = list_examples(store)
    assert saved
    assert (kept.id, kept.name, kept.collection_id) == (saved.id, "mine", saved.collection_id)


def test_the_same_exchange_is_saved_once(store: Store) -> None:
    save(store, make_exchange())
    assert save(store, replace(make_exchange(), id=7)) is None
    assert len(list_examples(store)) == 1


def test_an_exchange_without_a_response_is_refused(store: Store) -> None:
    with pytest.raises(UserError, match="this exchange cannot be an example: failed: reset"):
        save(store, make_exchange(response=None, error="reset"))
    assert store.collections.list_summaries() == []
