"""Mock servers: list, read, change, delete, start their sequences over; the policy for public ones."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from understudy.proxy.operations.collections.environments import find_environment
from understudy.proxy.operations.deleting import Deleted, delete_thing
from understudy.proxy.operations.exposure import check_private_uses
from understudy.proxy.operations.in_use import check_not_in_use
from understudy.proxy.operations.mock_servers.mock_server_rules import (
    FORBID_PUBLIC,
    check_names,
    check_public,
    is_public_forbidden,
)
from understudy.proxy.operations.mock_servers.mock_server_urls import find_moved_environments
from understudy.store.errors import Hint, NotFound, UserError
from understudy.store.model.collections import Collection, Environment
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.naming import describe_choices
from understudy.store.model.values import replace
from understudy.store.repositories.paging import Page, PageRequest
from understudy.store.repositories.store import Store


@dataclass(frozen=True, slots=True)
class MockServerDetails:
    """A mock server with the names of what it uses.

    `active_error` is the name of the server error that answers every call, if one does, `errors` how many are saved.
    """

    mock: MockServer
    collection: str
    environment: str | None
    active_error: str | None
    errors: int


@dataclass(frozen=True, slots=True)
class MockServerChanges:
    """What changes in a mock server; None, or nothing in a mapping, leaves it as it is.

    `behaviour` and `matching` are new values by the names of the fields of `Behaviour` and `Matching`. A collection
    is always refused: it is chosen once.
    """

    name: str | None = None
    slug: str | None = None
    environment: str | None = None
    detach_environment: bool = False
    private: bool | None = None
    behaviour: Mapping[str, Any] = field(default_factory=dict)
    matching: Mapping[str, Any] = field(default_factory=dict)
    cors: bool | None = None
    rewrite_bodies: bool | None = None
    log_limit: int | None = None
    collection: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedMockServer:
    """A mock server after a change, and the environments in which its URL was replaced by the new one."""

    mock: MockServer
    environments: Sequence[Environment]


@dataclass(frozen=True, slots=True)
class PublicPolicy:
    """Whether public mock servers are forbidden, and the names of those that are public nevertheless."""

    forbidden: bool
    public: Sequence[str]


def read_mock_server_page(store: Store, request: PageRequest[str]) -> Page[MockServerDetails, str]:
    """Return a page of the mock servers by name."""
    return store.mock_servers.read_page(request).convert(lambda mock: describe_mock_server(store, mock))


def read_mock_server(store: Store, mock: str) -> MockServerDetails:
    """Return the mock server of this name, slug or id; raises NotFound."""
    return describe_mock_server(store, store.mock_servers.find(mock))


def describe_mock_server(store: Store, mock: MockServer) -> MockServerDetails:
    """Return a mock server with the names of what it uses."""
    errors = store.mock_servers.list_server_errors(mock.id)
    return MockServerDetails(
        mock,
        store.collections.find(mock.collection_id).name,
        store.environments.find(mock.environment_id).name if mock.environment_id else None,
        next((error.name for error in errors if error.id == mock.server_error_id), None),
        len(errors),
    )


def change_mock_server(store: Store, mock: str, changes: MockServerChanges, *, actor: str) -> ChangedMockServer:
    """Change a mock server; environments that hold its URL follow a new slug.

    Raises NotFound for it or its environment, Conflict for a name or slug that is taken and where a gateway would
    answer other machines as a private one, UserError for a slug that cannot stand in a URL, for another collection, and
    where the policy forbids to make it public.
    """
    with store.transaction(actor):
        before = store.mock_servers.find(mock)
        after = apply_changes(store, before, changes)
        check_names(store, after)
        if before.private:
            check_public(store, after)
        elif after.private:
            check_private_uses(store, after)
        store.mock_servers.save(after)
        environments = find_moved_environments(store, before, after)
        for environment in environments:
            store.environments.save(environment)
    return ChangedMockServer(after, environments)


def apply_changes(store: Store, mock: MockServer, changes: MockServerChanges) -> MockServer:
    """Return the mock server with its changes, not saved yet; raises NotFound and UserError."""
    if changes.collection is not None:
        hint = Hint("create_mock_server", {"collection": changes.collection})
        message = "the collection of a mock server cannot be changed"
        raise UserError(message, what="mock server", which=mock.name, hint=hint)
    names = ("name", "slug", "private", "cors", "rewrite_bodies", "log_limit")
    fields = {name: value for name in names if (value := getattr(changes, name)) is not None}
    if changes.environment is not None:
        fields["environment_id"] = find_environment(store, changes.environment).id
    elif changes.detach_environment:
        fields["environment_id"] = None
    return replace(
        mock,
        **fields,
        behaviour=replace(mock.behaviour, **changes.behaviour),
        matching=replace(mock.matching, **changes.matching),
        updated_at=time.time(),
    )


def delete_mock_server(store: Store, mock: str, *, forever: bool = False, actor: str) -> Deleted[MockServer]:
    """Delete a mock server with its server errors and call log, and return what it was; its collection stays.

    Raises NotFound, and Conflict while a running gateway answers as it. It takes several transactions; a deletion that
    was interrupted goes on with the next.
    """
    with store.act_as(actor):
        found = store.mock_servers.find(mock)
        check_not_in_use(store, mock_server_id=found.id, what="mock server", which=found.name)
        return delete_thing(store, found, lambda: store.trash.put_mock_server(found.id), forever=forever)


def restart_sequences(store: Store, mock: str, *, actor: str) -> MockServer:
    """Start the sequences of a mock server over, and return it; raises NotFound."""
    with store.transaction(actor):
        found = store.mock_servers.find(mock)
        store.mock_servers.restart_sequences(found.id)
    return found


def read_policy(store: Store) -> PublicPolicy:
    """Return the policy for public mock servers."""
    public = [mock.name for mock in store.mock_servers.list() if not mock.private]
    return PublicPolicy(is_public_forbidden(store), public)


def set_policy(store: Store, *, forbid_public: bool, actor: str) -> PublicPolicy:
    """Allow or forbid public mock servers, and return the policy; those that are public stay so."""
    with store.transaction(actor):
        store.settings.set(FORBID_PUBLIC, forbid_public)
        return read_policy(store)


def find_mock(store: Store, text: str) -> MockServer | Collection:
    """Return the mock server, else the collection, of this name or id (or slug); raises NotFound."""
    for find in (store.mock_servers.find, store.collections.find):
        with suppress(NotFound):
            return find(text)
    servers = {one.name for one in store.mock_servers.list()}
    collections = {one.collection.name for one in store.collections.list_summaries()}
    choices = describe_choices(sorted(servers | collections), text)
    message = f"there is no mock server or collection {text!r}; {choices}"
    raise NotFound(message, what="mock server", which=text)
