"""Properties of the store: everything that can be recorded comes back byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_lowercase, ascii_uppercase
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.stored import make_item
from tests.factories.stores import open_fresh_memory
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Exchange, Part, RedactedPlace, Timings
from understudy.store.model.ids import new_id
from understudy.store.model.messages import BodyRef, Headers, Origin, Request, Response
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store

BODIES = st.binary(max_size=40)
HEADERS = st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), max_size=4).map(lambda f: Headers(tuple(f)))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LABELS = st.text(ascii_lowercase + "0123456789-_\u00e9\u4f8b", min_size=1, max_size=6)
HOSTS = st.lists(LABELS, min_size=1, max_size=3).map(".".join) | st.ip_addresses().map(str)
ORIGINS = st.none() | st.builds(Origin, st.sampled_from(["http", "https"]), HOSTS, st.integers(0, 65535))
VERSIONS = st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"])
METHODS = st.text(ascii_uppercase, min_size=1, max_size=5) | st.binary(min_size=1, max_size=4).map(
    lambda raw: raw.decode("latin-1")
)
REQUESTS = st.builds(Request, METHODS, st.binary(max_size=20), HEADERS, BODIES, ORIGINS, VERSIONS, HEADERS)
RESPONSES = st.builds(Response, st.integers(100, 999), HEADERS, BODIES, st.binary(max_size=8), VERSIONS, HEADERS)
TIMES = st.floats(0, 1e11)
TIMINGS = st.builds(Timings, TIMES, st.none() | TIMES, st.none() | TIMES, st.none() | TIMES)
EXCHANGES = st.builds(Exchange, st.just(""), REQUESTS, st.none() | RESPONSES, TIMINGS, st.none() | TEXTS)
EXAMPLES = st.builds(
    Example,
    st.just(""),
    st.just(""),
    st.just(""),
    TEXTS,
    REQUESTS,
    RESPONSES,
    st.frozensets(st.builds(RedactedPlace, st.sampled_from(Part), TEXTS), max_size=3),
    st.booleans(),
    st.none() | TEXTS,
    st.booleans(),
    st.booleans(),
    TEXTS,
)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """Open one store for all examples of a test; each uses its own session or collection."""
    opened = open_fresh_memory()
    yield opened
    opened.close()


Message = TypeVar("Message", Request, Response)


def read(store: Store, message: Message) -> Message:
    """Return the message with its body read."""
    return replace(message, body=store.bodies.read(message.body))


def whole(store: Store, one: Exchange) -> Exchange:
    return replace(one, request=read(store, one.request), response=one.response and read(store, one.response))


def whole_example(store: Store, one: Example) -> Example:
    """Return the example with its bodies read; those that are not empty have to be references."""
    assert all(isinstance(body, BodyRef) for body in (one.request.body, one.response.body) if body)
    return replace(one, request=read(store, one.request), response=read(store, one.response))


@given(st.lists(EXCHANGES, max_size=4))
def test_exchanges_come_back_as_they_came(store: Store, exchanges: list[Exchange]) -> None:
    session_id = store.sessions.create(new_id(), None).id
    given = [replace(one, session_id=session_id) for one in exchanges]
    ids = store.history.add(given)
    kept = [replace(one, id=number) for one, number in zip(given, ids, strict=True)]
    found = store.history.select(HistoryFilter(session_id=session_id))
    in_order = sorted(kept, key=lambda one: (one.timings.started, one.id))
    assert [whole(store, one) for one in found] == in_order
    store.sessions.delete(session_id)


@given(st.lists(EXAMPLES, max_size=4))
def test_examples_come_back_as_they_were(store: Store, examples: list[Example]) -> None:
    shop = store.collections.create(new_id())
    item = make_item(shop.id)
    given = [
        replace(one, id=f"{number}", collection_id=shop.id, item_id=item.id) for number, one in enumerate(examples)
    ]
    store.collections.update(shop.id, CollectionUpdate([item], given))
    assert [whole_example(store, one) for one in store.collections.list_examples(shop.id)] == given
    store.collections.delete(shop.id)


@given(EXAMPLES, EXAMPLES)
def test_a_saved_example_is_the_new_one(store: Store, old: Example, new: Example) -> None:
    shop = store.collections.create(new_id())
    item = make_item(shop.id)
    old, new = (replace(one, id="1", collection_id=shop.id, item_id=item.id) for one in (old, new))
    store.collections.update(shop.id, CollectionUpdate([item], [old]))
    store.collections.save_example(new)
    assert whole_example(store, store.collections.find_example("1")) == new
    store.collections.delete(shop.id)
