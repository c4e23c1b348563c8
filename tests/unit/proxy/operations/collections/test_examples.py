"""Operations on examples."""

from __future__ import annotations

import re
from contextlib import nullcontext

import pytest

from tests.factories.messages import make_example, make_response
from tests.factories.stored import collect, make_item
from understudy.proxy.operations.collections.example_document import as_document
from understudy.proxy.operations.collections.examples import (
    ExampleChanges,
    ExampleDraft,
    add_example,
    change_example,
    delete_example,
    read_example,
    read_example_page,
    save_document,
)
from understudy.proxy.operations.collections.request_lines import Typed, typed_request, typed_response
from understudy.proxy.operations.collections.typing_checks import BrokenJson
from understudy.store.errors import Conflict, NotFound, UserError
from understudy.store.model.ids import new_id
from understudy.store.model.messages import MessagePart
from understudy.store.model.mock_servers import Behaviour
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.paging import WHOLE_LIST, PageRequest
from understudy.store.repositories.store import Store

GET_A, GET_B = typed_request(Typed("GET", "/a")), typed_request(Typed("GET", "/b"))
ANSWER = typed_response(200, body=b"{}")
DRAFT_A, DRAFT_B = ExampleDraft(GET_A, ANSWER), ExampleDraft(GET_B, ANSWER)


# Adding


def test_examples_of_one_request_share_its_item(store: Store) -> None:
    shop = store.collections.create("shop")
    for draft in (DRAFT_A, replace(DRAFT_A, name="another"), DRAFT_B):
        add_example(store, "shop", draft, actor="ada")
    items = store.collections.list_items(shop.id)
    assert [(item.name, item.position) for item in items] == [("GET /a", 0), ("GET /b", 1)]
    examples = store.collections.list_examples(shop.id)
    assert [one.item_id for one in examples] == [items[0].id, items[0].id, items[1].id]


def test_a_request_that_waits_for_an_example_gets_it(store: Store) -> None:
    shop = store.collections.create("shop")
    bare = make_item(shop.id, method="GET", path="/a")
    store.collections.update(shop.id, CollectionUpdate(items=[bare]))
    assert add_example(store, "shop", DRAFT_A, actor="ada").item_id == bare.id


def test_recorded_requests_are_left_alone(store: Store) -> None:
    """They differ in more than method and path."""
    shop = collect(store, make_example("/a"))
    add_example(store, "shop", DRAFT_A, actor="ada")
    assert len(store.collections.list_items(shop.id)) == 2


def test_an_example_is_kept_as_its_draft(store: Store) -> None:
    store.collections.create("shop")
    behaviour = Behaviour(bytes_per_second=9)
    draft = ExampleDraft(GET_A, ANSWER, name="one", templates=False, behaviour=behaviour)
    kept = store.collections.find_example(add_example(store, "shop", draft, actor="ada").id)
    assert (kept.name, kept.templates, kept.behaviour, kept.literal) == ("one", False, behaviour, False)


def test_an_example_needs_a_collection(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no collection 'shop'"):
        add_example(store, "shop", DRAFT_A, actor="ada")


@pytest.mark.parametrize(("name", "taken"), [(None, "GET /a - 200"), ("one", "one")])
def test_a_name_that_is_taken_is_refused(store: Store, name: str | None, taken: str) -> None:
    """The one that is made from the request too, if the requests are equal."""
    store.collections.create("shop")
    draft = replace(DRAFT_A, name=name)
    add_example(store, "shop", draft, actor="ada")
    with pytest.raises(Conflict, match=f"shop has an example '{taken}' already"):
        add_example(store, "shop", draft, actor="ada")


def test_unlike_requests_get_names_of_their_own(store: Store) -> None:
    store.collections.create("shop")
    requests = [typed_request(Typed("POST", "/a"), body=body) for body in (b"1", b"2", b"")]
    names = [add_example(store, "shop", ExampleDraft(one, ANSWER), actor="ada").name for one in requests]
    assert names == ["POST /a - 200", "POST /a - 200 (2)", "POST /a - 200 (3)"]


@pytest.mark.parametrize(("typed", "is_refused"), [((), False), (("request",), False), (("response",), True)])
def test_broken_json_is_refused_where_it_was_typed(
    store: Store, typed: tuple[MessagePart, ...], is_refused: bool
) -> None:
    store.collections.create("shop")
    draft = ExampleDraft(GET_A, typed_response(200, body=b'{"a": 1'), typed=typed)
    with pytest.raises(BrokenJson, match="} is missing at its end") if is_refused else nullcontext():
        add_example(store, "shop", draft, actor="ada")
    collect(store, make_example("/b", name="b", response=ANSWER), name="other")
    changes = ExampleChanges(body=b'{"a": 1', typed=typed)
    with pytest.raises(BrokenJson, match="} is missing at its end") if is_refused else nullcontext():
        change_example(store, "b", changes, actor="ada")


# Reading


def test_an_example_is_read_with_its_bodies(store: Store) -> None:
    collect(store, make_example("/a", name="one", response=make_response(body=b"hello")))
    contents = read_example(store, "one")
    assert (contents.request_body, contents.response_body) == (b"", b"hello")


def test_an_example_is_found_within_its_collection(store: Store) -> None:
    for number, name in enumerate(("shop", "other")):
        collect(store, make_example("/a", id=f"0{number}", item_id=f"item-{number}", name="one"), name=name)
    assert read_example(store, "one", "other").example.id == "01"
    with pytest.raises(UserError, match="2 examples are called 'one'"):
        read_example(store, "one")


def test_the_examples_of_a_collection(store: Store) -> None:
    collect(store, make_example("/a", name="one"))
    assert [one.name for one in list(read_example_page(store, "shop", WHOLE_LIST).items)] == ["one"]


# Changing


def test_single_things_change(store: Store) -> None:
    collect(store, make_example("/a", name="one"))
    change_example(store, "one", ExampleChanges(name="two", status=503, templates=True), actor="ada")
    kept = read_example(store, "two").example
    assert (kept.response.status, kept.templates, kept.edited) == (503, True, True)


def test_what_is_not_named_stays(store: Store) -> None:
    collect(store, make_example("/a", name="one", response=make_response(body=b"hello")))
    change_example(store, "one", ExampleChanges(status=404), actor="ada")
    assert read_example(store, "one").response_body == b"hello"


def test_a_behaviour_changes_field_by_field(store: Store) -> None:
    collect(store, make_example("/a", name="one", behaviour=Behaviour(bytes_per_second=9, timing=0.5)))
    change_example(store, "one", ExampleChanges(behaviour={"timing": None}), actor="ada")
    assert read_example(store, "one").example.behaviour == Behaviour(bytes_per_second=9)


def test_an_edited_document_is_saved(store: Store) -> None:
    collect(store, make_example("/a", name="one"))
    before = read_example(store, "one")
    document = as_document(before.example, before.request_body, before.response_body)
    save_document(store, before, document.replace("name: one", "name: two"), actor="ada")
    assert read_example(store, "two").example.id == before.example.id


def test_a_document_that_breaks_json_is_refused_until_that_is_accepted(store: Store) -> None:
    collect(store, make_example("/a", name="one", response=ANSWER))
    before = read_example(store, "one")
    document = as_document(before.example, before.request_body, before.response_body).replace("{}", "{")
    with pytest.raises(BrokenJson, match="the body of the response is not JSON: } is missing at its end"):
        save_document(store, before, document, actor="ada")
    save_document(store, before, document, accept_broken_json=True, actor="ada")
    assert read_example(store, "one").response_body == b"{"
    again = document.replace("name: one", "name: two")
    save_document(store, read_example(store, "one"), again, actor="ada")  # what was broken before is left alone


def test_a_document_of_a_deleted_example_is_refused(store: Store) -> None:
    collect(store, make_example("/a", name="one"))
    before = read_example(store, "one")
    delete_example(store, "one", actor="ada")
    document = as_document(before.example, before.request_body, before.response_body)
    with pytest.raises(NotFound):
        save_document(store, before, document, actor="ada")


def test_a_deleted_example_is_gone(store: Store) -> None:
    collect(store, make_example("/a", name="one"))
    delete_example(store, "one", "shop", actor="ada")
    assert list(read_example_page(store, "shop", WHOLE_LIST).items) == []


def test_keys_of_pages_are_ids_ends_of_ids_or_names(store: Store) -> None:
    """The first id is an imported one."""
    ids = ["0000-2c3d", new_id(), new_id()]
    collect(store, *(make_example(id=id, name=name) for id, name in zip(ids, ("one", "two", "three"), strict=True)))
    for key in (ids[1], ids[1][-6:], "two"):
        [last] = read_example_page(store, "shop", PageRequest(after=key)).items
        [first] = read_example_page(store, "shop", PageRequest(before=key)).items
        assert (first.id, last.id) == (ids[0], ids[2])
    assert [one.id for one in read_example_page(store, "shop", PageRequest(after=ids[0])).items] == ids[1:]
    with pytest.raises(NotFound, match="there is no example 'four'"):
        read_example_page(store, "shop", PageRequest(after="four"))


def test_the_id_of_a_deleted_example_is_a_key(store: Store) -> None:
    ids = [new_id() for _ in range(3)]
    collect(store, *(make_example(id=id, name=id) for id in ids))
    delete_example(store, ids[1], actor="ada")
    assert [one.id for one in read_example_page(store, "shop", PageRequest(after=ids[1])).items] == [ids[2]]


# The request


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (ExampleChanges(method="put"), "PUT /a?p=1"),
        (ExampleChanges(path="/b/{{id}}"), "GET /b/{{id}}?p=1"),
        (ExampleChanges(query="q={{x}}"), "GET /a?q={{x}}"),
        (ExampleChanges(query="?q=2"), "GET /a?q=2"),
        (ExampleChanges(query=""), "GET /a"),
        (ExampleChanges(path="/b", query="q=2", method="SYNC"), "SYNC /b?q=2"),
    ],
)
def test_the_request_line_of_an_example_is_changed(store: Store, changes: ExampleChanges, line: str) -> None:
    collect(store, make_example("/a?p=1", name="one"))
    changed = change_example(store, "one", changes, actor="ada")
    assert f"{changed.request.method} {changed.request.target.decode()}" == line
    assert not changed.literal


def test_headers_and_body_of_a_request_are_changed(store: Store) -> None:
    collect(store, make_example("/a", name="one"))
    changes = ExampleChanges(request_headers=["X-A: 1", "X-B: 2"], request_body=b'{"a": 1}')
    change_example(store, "one", changes, actor="ada")
    change_example(store, "one", ExampleChanges(removed_request_headers=["x-a"]), actor="ada")
    changed = read_example(store, "one")
    assert changed.request_body == b'{"a": 1}'
    headers = dict(changed.example.request.headers)
    assert (headers.get("X-A"), headers["X-B"], headers["Content-Type"]) == (None, "2", "application/json")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (ExampleChanges(method="GTE"), "there is no method GTE; did you mean GET?"),
        (ExampleChanges(method="G T"), "takes a method such as GET, got 'G T'"),
        (ExampleChanges(path="/{{a"), "has {{ without }} after it"),
        (ExampleChanges(query="a={{b"), "the query has {{ without }} after it"),
        (ExampleChanges(query="a b"), "takes a query such as page=2&limit={{limit}}, got 'a b'"),
        (ExampleChanges(request_body=b"{", typed=("request",)), "the body of the request is not JSON"),
        (ExampleChanges(request_headers=["nonsense"]), "a header is written Name: value"),
    ],
)
def test_a_request_that_cannot_be_is_refused(store: Store, changes: ExampleChanges, problem: str) -> None:
    collect(store, make_example("/a", name="one"))
    with pytest.raises(UserError, match=re.escape(problem)):
        change_example(store, "one", changes, actor="ada")
