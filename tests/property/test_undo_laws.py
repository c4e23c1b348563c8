"""Random deletions, undone or forgotten in any order: the store shows what a plain model of it has."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from tests.factories.messages import make_example
from tests.factories.stored import EVERYTHING, additions, make_exchange
from tests.factories.stores import open_fresh_memory
from understudy.store.errors import Conflict, NotFound
from understudy.store.repositories.store import Store

Place = tuple[str, str | int]
"""A kind of thing, and its id."""

NAMES = ("shop", "other")
STEPS = st.one_of(
    st.tuples(st.sampled_from(["record", "collect"]), st.integers(0, 1)),
    st.tuples(st.sampled_from(["delete", "undo", "undo", "forget"]), st.integers(0, 11)),
)


@dataclass
class Thing:
    """A session, an entry, a collection or an example; the latter of each have an owner."""

    name: str
    owner: Place | None = None
    deletion: int | None = None


@dataclass
class Model:
    """The things of a store, in the trash or not, and the deletions that can be undone."""

    things: dict[Place, Thing] = field(default_factory=dict)
    deletions: dict[int, Place] = field(default_factory=dict)
    incomplete: set[Place] = field(default_factory=set)
    """Collections of which an example was deleted for ever; its request item may have gone with it."""

    def is_shown(self, place: Place) -> bool:
        thing = self.things[place]
        return thing.deletion is None and (thing.owner is None or self.is_shown(thing.owner))

    def list_shown(self) -> list[Place]:
        return [place for place in self.things if self.is_shown(place)]

    def list_names(self, kind: str) -> set[str]:
        return {self.things[place].name for place in self.list_shown() if place[0] == kind}

    def choose_free_name(self, kind: str, name: str) -> str:
        taken = self.list_names(kind)
        endings = ["", " (restored)", *(f" (restored {number})" for number in range(2, 99))]
        return next(name + ending for ending in endings if name + ending not in taken)

    def forget(self, number: int) -> None:
        place = self.deletions.pop(number)
        thing = self.things.get(place)
        if place[0] == "example" and thing is not None and thing.owner is not None:
            self.incomplete.add(thing.owner)
        gone = {one for one, thing in self.things.items() if place in (one, thing.owner)}
        self.things = {one: thing for one, thing in self.things.items() if one not in gone}
        if place[0] == "session":  # its entries are gone, so nothing is left to undo
            self.deletions = {one: other for one, other in self.deletions.items() if other in self.things}


def see(store: Store) -> tuple[dict[Place, str], set[Place]]:
    """The names of sessions and collections, and the entries and examples that can be found."""
    summaries = store.collections.list_summaries()
    named: dict[Place, str] = {("session", one.session.id): one.session.name for one in store.sessions.list_summaries()}
    named |= {("collection", one.collection.id): one.collection.name for one in summaries}
    parts: set[Place] = {("entry", one.id) for one in store.history.select(EVERYTHING)}
    for one in summaries:
        parts |= {("example", example.id) for example in store.collections.list_examples(one.collection.id)}
    return named, parts


def record(store: Store, model: Model, name: str) -> None:
    session = store.sessions.create(name, None)
    model.things["session", session.id] = Thing(name)
    for id_ in store.history.add([make_exchange(session.id), make_exchange(session.id, started=2.0)]):
        model.things["entry", id_] = Thing("", ("session", session.id))


def collect(store: Store, model: Model, name: str) -> None:
    collection = store.collections.create(name)
    model.things["collection", collection.id] = Thing(name)
    count = len(model.things)
    examples = [make_example(id=f"{name}{count}{n}", item_id=f"{name}{count}") for n in range(2)]
    store.collections.update(collection.id, additions(collection, *examples))
    for example in examples:
        model.things["example", example.id] = Thing("", ("collection", collection.id))


def delete(store: Store, model: Model, place: Place) -> None:
    kind, id_ = place
    owner = model.things[place].owner
    match kind:
        case "session":
            deletion = store.trash.put_session(str(id_))
        case "entry":
            deletion = store.trash.put_entries([int(id_)])
        case "collection":
            deletion = store.trash.put_collection(str(id_))
        case _:
            assert owner
            deletion = store.trash.put_example(str(owner[1]), str(id_))
    model.things[place].deletion = deletion.number
    model.deletions[deletion.number] = place


def undo(store: Store, model: Model, number: int) -> None:
    place = model.deletions[number]
    thing = model.things.get(place)
    owner = thing.owner if thing else None
    if thing is None or (owner is not None and not model.is_shown(owner)):
        refused = False
        try:
            store.trash.restore(number)
        except Conflict:
            refused = True
        except Exception as error:  # noqa: BLE001 - its owner is gone for ever
            refused = "for ever" in str(error)
        assert refused
        return
    try:
        restored = store.trash.restore(number)
    except NotFound as error:
        assert "its request item was deleted for ever" in str(error)  # noqa: PT017 - the message is what matters
        assert place[0] == "example"
        assert owner in model.incomplete
        return
    assert restored.name
    thing.name = model.choose_free_name(place[0], thing.name) if place[0] in ("session", "collection") else ""
    thing.deletion = None
    del model.deletions[number]


@given(st.lists(STEPS, max_size=25))
def test_a_store_with_a_trash_equals_a_plain_model(steps: list[tuple[str, int]]) -> None:
    model = Model()
    with closing(open_fresh_memory()) as store:
        for action, number in steps:
            take(store, model, action, number)
            named, parts = see(store)
            shown = model.list_shown()
            assert named == {place: model.things[place].name for place in shown if model.things[place].owner is None}
            assert parts == {place for place in shown if model.things[place].owner is not None}
            assert {one.number for one in store.trash.list()} == set(model.deletions)
        assert store.maintenance.check() == []


def take(store: Store, model: Model, action: str, number: int) -> None:
    shown, deletions = model.list_shown(), list(model.deletions)
    if action in ("record", "collect"):
        kind, name = ("session" if action == "record" else "collection"), NAMES[number]
        if name not in model.list_names(kind):
            (record if action == "record" else collect)(store, model, name)
    elif action == "delete" and shown:
        delete(store, model, shown[number % len(shown)])
    elif action == "undo" and deletions:
        undo(store, model, deletions[number % len(deletions)])
    elif action == "forget" and deletions:
        chosen = deletions[number % len(deletions)]
        store.trash.forget(chosen)
        model.forget(chosen)
