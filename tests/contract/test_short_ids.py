"""Things that are found by the ends of their ids, in every repository that finds something by a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.factories.messages import make_example
from tests.factories.stored import collect, make_server_error, serve
from understudy.store.errors import NotFound, UserError
from understudy.store.model.collections import Environment
from understudy.store.model.ids import IdKind, new_id
from understudy.store.model.mock_servers import ApiKey
from understudy.store.repositories.store import Store

Maker = Callable[[Store, str], str]
"""A function that makes a thing of this name, and returns its id."""
Finder = Callable[[Store, str], str]
"""A function that returns the id of what a text names."""


def _make_example(store: Store, name: str) -> str:
    example = make_example(id=new_id(), name=name, item_id=new_id())
    collect(store, example, name=f"of {name}")
    return example.id


def _make_environment(store: Store, name: str) -> str:
    environment = Environment(new_id(), name)
    store.environments.save(environment)
    return environment.id


def _make_mock_server(store: Store, name: str) -> str:
    return serve(store, store.collections.create(f"of {name}"), name, id=new_id()).id


def _make_server_error(store: Store, name: str) -> str:
    mock = next(iter(store.mock_servers.list()), None) or serve(store, collect(store))
    error = make_server_error(mock, name)
    store.mock_servers.save_server_error(error)
    return error.id


def _find_server_error(store: Store, text: str) -> str:
    return store.mock_servers.find_server_error(store.mock_servers.list()[0].id, text).id


def _make_key(store: Store, name: str) -> str:
    key = ApiKey(new_id(), name, "0" * 64, "abcd", 1_000.0)
    store.keys.add(key)
    return key.id


KINDS: Sequence[tuple[IdKind, Maker, Finder]] = [
    (IdKind.SESSION, lambda s, name: s.sessions.create(name, None).id, lambda s, text: s.sessions.find(text).id),
    (IdKind.COLLECTION, lambda s, name: s.collections.create(name).id, lambda s, text: s.collections.find(text).id),
    (IdKind.EXAMPLE, _make_example, lambda s, text: s.collections.find_example(text).id),
    (IdKind.ENVIRONMENT, _make_environment, lambda s, text: s.environments.find(text).id),
    (IdKind.MOCK_SERVER, _make_mock_server, lambda s, text: s.mock_servers.find(text).id),
    (IdKind.SERVER_ERROR, _make_server_error, _find_server_error),
    (IdKind.KEY, _make_key, lambda s, text: s.keys.revoke(text).id),
]
every_kind = pytest.mark.parametrize(("kind", "make", "find"), KINDS, ids=[str(kind) for kind, *_ in KINDS])


@every_kind
def test_a_thing_is_found_by_its_short_id_in_either_case(store: Store, kind: IdKind, make: Maker, find: Finder) -> None:
    ids = [make(store, name) for name in ("one", "two", "three", "four")]
    short = store.ids.shorten(kind, ids)
    assert [find(store, short[ids[0]]), find(store, short[ids[1]].lower())] == ids[:2]
    assert find(store, ids[2]) == ids[2]
    assert find(store, "four") == ids[3]


@every_kind
def test_a_name_goes_before_the_end_of_an_id(store: Store, kind: IdKind, make: Maker, find: Finder) -> None:
    ending = store.ids.shorten(kind, [one := make(store, "one")])[one]
    assert find(store, ending) == one
    named = make(store, ending)
    assert find(store, ending) == named


@every_kind
def test_a_text_of_no_thing_is_not_found(store: Store, kind: IdKind, make: Maker, find: Finder) -> None:
    for text in ("nowhere", make(store, "one")[-3:], "______", "%%%%%%", ""):
        with pytest.raises(NotFound, match=f"no {kind} {text!r}"):
            find(store, text)


def test_an_end_of_several_ids_is_refused_with_longer_ones(store: Store) -> None:
    for id in ("A1-ENDING", "A2-ENDING", "B3-ENDING"):
        store.environments.save(Environment(id, f"of {id}"))
    with pytest.raises(UserError, match=r"the ids of 3 environments end in 'ending'; give a longer end: 1-ENDING, 2-E"):
        store.environments.find("ending")
    assert store.environments.find("2-ending").id == "A2-ENDING"


def test_an_end_of_several_examples_is_refused_with_longer_ones(store: Store) -> None:
    collect(store, make_example(id="A1-ENDING"), make_example(id="A2-ENDING"))
    with pytest.raises(UserError, match=r"the ids of 2 examples end in 'ding'; give a longer end: 1-ENDING, 2-ENDING$"):
        store.collections.find_example("ding")


def test_an_end_of_one_id_in_two_collections_asks_for_the_collection(store: Store) -> None:
    for name in ("a", "b"):
        collect(store, make_example(id="A1-ENDING", item_id=f"of {name}"), name=name)
    with pytest.raises(UserError, match="2 collections have an example 'ending'; choose one of a, b"):
        store.collections.find_example("ending")
    assert store.ids.shorten(IdKind.EXAMPLE, ["A1-ENDING"]) == {"A1-ENDING": "ENDING"}


def test_short_ids_of_many_are_as_short_as_those_of_few(store: Store) -> None:
    examples = [make_example(id=new_id()) for _ in range(600)]
    collect(store, *examples)
    ids = [example.id for example in examples]
    of_all = store.ids.shorten(IdKind.EXAMPLE, ids)
    assert {len(ending) for ending in of_all.values()} == {6}
    assert store.ids.shorten(IdKind.EXAMPLE, ids[:3]) == {id: of_all[id] for id in ids[:3]}


def test_a_short_id_differs_from_those_of_things_that_are_not_asked_for(store: Store) -> None:
    for id in ("A1-ENDING", "A2-ENDING", "AA2-ENDING"):
        store.environments.save(Environment(id, f"of {id}"))
    assert store.ids.shorten(IdKind.ENVIRONMENT, ["A2-ENDING"]) == {"A2-ENDING": "A2-ENDING"}
    assert store.ids.shorten(IdKind.ENVIRONMENT, ["A1-ENDING"]) == {"A1-ENDING": "1-ENDING"}
    assert store.ids.shorten(IdKind.ENVIRONMENT, []) == {}
