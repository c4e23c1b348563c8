"""Examples: list, read, add, change, delete. An added one goes under the request item that it belongs to."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from understudy.proxy.operations.collections.example_document import (
    apply_changes,
    change_path,
    change_request,
    from_document,
)
from understudy.proxy.operations.collections.request_lines import Typed, typed_example, typed_item
from understudy.proxy.operations.collections.typing_checks import check_json
from understudy.proxy.operations.deleting import Deleted, delete_at_once
from understudy.proxy.operations.page_keys import find_keys
from understudy.store.errors import Conflict, Hint
from understudy.store.model.collections import Collection, Example
from understudy.store.model.ids import is_own_id
from understudy.store.model.messages import BodyRef, MessagePart, Request, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour
from understudy.store.model.naming import name_example
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.paging import Page, PageRequest
from understudy.store.repositories.store import Store


@dataclass(frozen=True, slots=True)
class ExampleContents:
    """An example with the bytes of its bodies."""

    example: Example
    request_body: bytes
    response_body: bytes


@dataclass(frozen=True, slots=True)
class ExampleDraft:
    """An example that a person wrote; without a name it gets one from its request and status.

    `typed` are the messages whose body was typed in, so that broken JSON in it is a mistake.
    """

    request: Request
    response: Response
    name: str | None = None
    templates: bool = True
    behaviour: Behaviour = PLAIN
    typed: Sequence[MessagePart] = ()


@dataclass(frozen=True, slots=True)
class ExampleChanges:
    """What changes in an example; None, or nothing in a list, leaves it as it is.

    Headers are `Name: value` lines, a query is without its `?`, `behaviour` has new values by the names of
    the fields of `Behaviour`. `typed` is that of `ExampleDraft`.
    """

    name: str | None = None
    method: str | None = None
    path: str | None = None
    query: str | None = None
    request_headers: Sequence[str] = ()
    removed_request_headers: Sequence[str] = ()
    request_body: bytes | None = None
    status: int | None = None
    body: bytes | None = None
    headers: Sequence[str] = ()
    removed_headers: Sequence[str] = ()
    templates: bool | None = None
    behaviour: Mapping[str, Any] = field(default_factory=dict)
    typed: Sequence[MessagePart] = ()


def read_example_page(store: Store, collection: str, request: PageRequest[str]) -> Page[Example, str]:
    """Return a page of the examples of a collection by id, bodies as references; other examples are not read.

    The keys are ids, ends of ids or names. Raises NotFound for the collection, and for a key that is nothing like it;
    UserError when several examples have the name.
    """
    collection_id = store.collections.find(collection).id
    ids = find_keys(request, lambda text: _find_id(store, collection_id, text))
    return store.collections.read_example_page(collection_id, ids)


def read_example(store: Store, example: str, collection: str | None = None) -> ExampleContents:
    """Return the example of this id, end of an id or name, in any collection or one.

    Raises NotFound, and UserError when several have the name.
    """
    found = _find(store, example, collection)
    return ExampleContents(found, store.bodies.read(found.request.body), store.bodies.read(found.response.body))


def add_example(store: Store, collection: str, draft: ExampleDraft, *, actor: str) -> Example:
    """Add an example under the typed-in request item of its method and path, created where it does not exist.

    Raises NotFound for the collection, Conflict for a name that is taken, UserError for broken JSON in a typed body.
    """
    _check_bodies(draft.typed, draft.request, draft.response, templates=draft.templates)
    with store.transaction(actor):
        found = store.collections.find(collection)
        update, example = _plan_addition(store, found, draft)
        store.collections.update(found.id, update)
    return example


def change_example(
    store: Store, example: str, changes: ExampleChanges, *, collection: str | None = None, actor: str
) -> Example:
    """Change single things of an example, and return it; errors are those of `read_example` and `apply_changes`."""
    with store.transaction(actor):
        before = read_example(store, example, collection)
        changed = apply_changes(
            before.example,
            before.response_body,
            name=changes.name,
            status=changes.status,
            body=changes.body,
            headers=changes.headers,
            removed_headers=changes.removed_headers,
        )
        changed = change_request(
            changed if changes.path is None else change_path(changed, changes.path),
            method=changes.method,
            query=changes.query,
            headers=changes.request_headers,
            removed_headers=changes.removed_request_headers,
            body=changes.request_body,
        )
        changed = replace(changed, behaviour=replace(changed.behaviour, **changes.behaviour))
        if changes.templates is not None:
            changed = replace(changed, templates=changes.templates)
        _check_bodies(changes.typed, changed.request, changed.response, templates=changed.templates)
        store.collections.save_example(changed)
    return changed


def save_document(
    store: Store, before: ExampleContents, document: str, *, accept_broken_json: bool = False, actor: str
) -> Example:
    """Save an example as its edited document describes it, and return it.

    Raises UserError that names what cannot be read, BrokenJson for a body that was changed and is not JSON any longer,
    NotFound when the example was deleted meanwhile.
    """
    with store.transaction(actor):
        changed = from_document(document, before.example, before.request_body, before.response_body)
        if not accept_broken_json:
            old, now = before.example, changed
            edited: dict[MessagePart, bool] = {
                "request": now.request.body != old.request.body,
                "response": now.response.body != old.response.body,
            }
            parts = [part for part, is_edited in edited.items() if is_edited]
            _check_bodies(parts, now.request, now.response, templates=now.templates)
        store.collections.save_example(changed)
    return changed


def delete_example(
    store: Store, example: str, collection: str | None = None, *, forever: bool = False, actor: str
) -> Deleted[Example]:
    """Delete an example, and return what it was; raises NotFound, and UserError when several have the name."""
    found = _find(store, example, collection)
    put = partial(store.trash.put_example, found.collection_id, found.id)
    return delete_at_once(store, found, put, forever=forever, actor=actor)


def _check_bodies(parts: Sequence[MessagePart], request: Request, response: Response, *, templates: bool) -> None:
    """Raise BrokenJson for a body that is called JSON and is not, of the messages that are named."""
    messages: dict[MessagePart, Request | Response] = {"request": request, "response": response}
    for part in parts:
        body = messages[part].body
        if isinstance(body, bytes):
            fills = templates or part == "request"  # in a request, {{name}} is a wildcard
            check_json(messages[part].headers, body, f"the {part}", templates=fills)


def _choose_name(store: Store, collection: Collection, draft: ExampleDraft) -> str:
    """Return the name of a draft, or a free one made from its request; raises Conflict if it is taken."""
    wanted = draft.name or name_example(draft.request, draft.response)
    others = store.collections.list_named_examples(collection.id, wanted)
    if not others:
        return wanted
    if draft.name is not None or any(_is_same_request(one.request, draft.request) for one in others):
        message = f"{collection.name} has an example {wanted!r} already"
        hint = Hint("change_example", {"example": shlex.quote(wanted)})
        raise Conflict(message, what="example", which=wanted, hint=hint)
    names = (f"{wanted} ({number})" for number in count(2))
    return next(name for name in names if not store.collections.list_named_examples(collection.id, name))


def _is_same_request(stored: Request, typed: Request) -> bool:
    assert isinstance(typed.body, bytes)
    digest = hashlib.sha256(typed.body).hexdigest() if typed.body else None
    is_same_body = digest == (stored.body.digest if isinstance(stored.body, BodyRef) else None)
    return is_same_body and replace(stored, body=b"") == replace(typed, body=b"")


def _find(store: Store, example: str, collection: str | None) -> Example:
    collection_id = store.collections.find(collection).id if collection else None
    return store.collections.find_example(example, collection_id)


def _find_id(store: Store, collection_id: str, text: str) -> str:
    # Whole ids are not looked up among ends of ids and names, for which all examples are read.
    if is_own_id(text) or store.collections.get_examples(collection_id, [text]):
        return text
    return store.collections.find_example(text, collection_id).id


def _plan_addition(store: Store, collection: Collection, draft: ExampleDraft) -> tuple[CollectionUpdate, Example]:
    typed = Typed(draft.request.method, draft.request.target.decode("utf-8", "surrogateescape"))
    items = store.collections.list_items(collection.id)
    same = (item for item in items if (item.method, item.path) == (typed.method, typed.target))
    position = max((item.position + 1 for item in items), default=0)
    item = next(same, None) or typed_item(collection.id, typed, position)
    example = replace(
        typed_example(item, draft.request, draft.response, _choose_name(store, collection, draft)),
        templates=draft.templates,
        behaviour=draft.behaviour,
    )
    return CollectionUpdate([] if item in items else [item], [example]), example
