"""Mock servers: what has to be true before one is made or edited, where it answers, and the policy for public ones."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from understudy.proxy.settings import MOCKS_PORT
from understudy.store.errors import NotFound, UserError
from understudy.store.model.collections import Collection, Environment
from understudy.store.model.ids import new_id
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.naming import SLUG_LENGTH, describe_choices, find_free_name, is_slug, slug_from_name
from understudy.store.repositories.store import Store

FORBID_PUBLIC = "mock_servers.forbid_public"
"""The setting that is true where no mock server may be public."""


def urls(mock: MockServer) -> tuple[str, str]:
    """Where `understudy mocks serve` answers for it: by path, which works everywhere, and by host name."""
    return f"http://127.0.0.1:{MOCKS_PORT}/mocks/{mock.slug}/", f"http://{mock.slug}.localhost:{MOCKS_PORT}/"


def drafted(store: Store, name: str, slug: str | None, fields: dict[str, Any]) -> MockServer:
    """A new mock server, still without a collection; raises UserError when it could not be kept."""
    now = time.time()
    taken = {one.slug for one in store.mock_servers.list()}
    chosen = find_free_name(slug_from_name(name), taken, "-") if slug is None else slug
    draft = MockServer(new_id(), name, chosen, "", now, now, **fields)
    _check_names(store, draft)
    if not draft.private:
        _check_public(store)
    return draft


def edited(store: Store, mock: MockServer, fields: dict[str, Any]) -> MockServer:
    """The mock server with other values in these fields; raises UserError when it could not be kept."""
    new = replace(mock, **fields)
    _check_names(store, new)
    if mock.private and not new.private:
        _check_public(store)
    return replace(new, updated_at=time.time())


def environment_for_url(store: Store, mock: MockServer, variable: str) -> Environment:
    """The environment, named as the mock server, that holds its URL as a variable; one of that name is kept in use.

    Raises UserError when that has another value there.
    """
    if not variable.strip() or not variable.isprintable():
        raise UserError(f"--save-url takes the name of a variable, not {variable!r}")
    known = next((one for one in store.environments.list() if one.name == mock.name), None)
    environment, url = known or Environment(new_id(), mock.name), url_value(mock)
    if environment.variables.get(variable, url) != url:
        raise UserError(
            f"--save-url: environment {mock.name!r} has another {variable!r} already:"
            f" understudy environments unset {mock.name} {variable}"
        )
    return replace(environment, variables={**environment.variables, variable: url})


def url_value(mock: MockServer) -> str:
    """The URL of a mock server as variables have it: a path follows, with its slash."""
    return urls(mock)[0].rstrip("/")


def moved(store: Store, before: MockServer, after: MockServer) -> list[Environment]:
    """The environments that hold the URL of a mock server whose slug was changed, with the new one in its place."""
    old, new = url_value(before), url_value(after)
    holding = [one for one in store.environments.list() if old != new and old in one.variables.values()]
    return [
        replace(one, variables={key: new if value == old else value for key, value in one.variables.items()})
        for one in holding
    ]


def is_public_forbidden(store: Store) -> bool:
    """Whether mock servers have to be private."""
    return bool(store.settings.get(FORBID_PUBLIC, False))


def _check_public(store: Store) -> None:
    if is_public_forbidden(store):
        raise UserError("public mock servers are forbidden on this store (understudy mocks policy): make it --private")


def _check_names(store: Store, mock: MockServer) -> None:
    if not is_slug(mock.slug):
        raise UserError(
            f"a slug is made of a-z, 0-9 and - between them, at most {SLUG_LENGTH} characters, not {mock.slug!r}"
        )
    for other in store.mock_servers.list():
        if other.id != mock.id and mock.name == other.name:
            raise UserError(f"there is a mock server {mock.name!r} already")


def environment_id(store: Store, name: str) -> str:
    """The id of an environment that a mock server is to use; raises NotFound that says how to make one."""
    try:
        return store.environments.find(name).id
    except NotFound as error:
        raise NotFound(f"{error}; make it with: understudy environments set NAME KEY=VALUE") from error


def find_mock(store: Store, text: str) -> MockServer | Collection:
    """The mock server, else the collection, of this name or id (or slug); raises NotFound."""
    for find in (store.mock_servers.find, store.collections.find):
        with suppress(NotFound):
            return find(text)
    servers = {one.name for one in store.mock_servers.list()}
    collections = {one.collection.name for one in store.collections.list_summaries()}
    raise NotFound(f"there is no mock server or collection {text!r}; {describe_choices(sorted(servers | collections))}")
