"""Environments: list, read, set and remove their variables, delete."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from understudy.proxy.operations.collections.variables import change_variables, note_variables
from understudy.proxy.operations.deleting import Deleted, delete_at_once
from understudy.store.errors import Hint, NotFound
from understudy.store.model.collections import Environment
from understudy.store.model.ids import new_id
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.values import replace
from understudy.store.repositories.paging import Page, PageRequest
from understudy.store.repositories.store import Store


@dataclass(frozen=True, slots=True)
class EnvironmentUse:
    """An environment, and the names of the mock servers that use it."""

    environment: Environment
    used_by: Sequence[str]


def read_environment_page(store: Store, request: PageRequest[str]) -> Page[EnvironmentUse, str]:
    """Return a page of the environments by name."""
    mocks = store.mock_servers.list()
    return store.environments.read_page(request).convert(lambda environment: _with_users(environment, mocks))


def read_environment(store: Store, environment: str) -> EnvironmentUse:
    """Return the environment of this name or id; raises NotFound."""
    return _with_users(store.environments.find(environment), store.mock_servers.list())


def set_variables(store: Store, environment: str, new: Mapping[str, str], *, actor: str) -> Environment:
    """Set variables of an environment, which is created where it does not exist, and return it."""
    with store.transaction(actor):
        try:
            found = store.environments.find(environment)
        except NotFound:
            found = Environment(new_id(), environment)
        changed = replace(found, variables=change_variables(found.variables, new))
        store.environments.save(changed)
    return changed


def remove_variables(
    store: Store, environment: str, names: Collection[str], *, forever: bool = False, actor: str
) -> Deleted[Environment]:
    """Remove variables of an environment, and return what it is now; raises NotFound for it or one of them."""
    with store.overwriting(), store.transaction(actor):
        found = store.environments.find(environment)
        changed = replace(found, variables=change_variables(found.variables, {}, names))
        store.environments.save(changed)
        deletion = None if forever else note_variables(store, "environment", found, names)
    return Deleted(changed, deletion, store.maintenance.clear_log() if forever else True)


def delete_environment(store: Store, environment: str, *, forever: bool = False, actor: str) -> Deleted[Environment]:
    """Delete an environment, and return what it was; raises NotFound, and UserError while a mock server uses it."""
    found = store.environments.find(environment)
    put = partial(store.trash.put_environment, found.id)
    return delete_at_once(store, found, put, forever=forever, actor=actor)


def find_environment(store: Store, text: str) -> Environment:
    """Return the environment of this name or id; raises NotFound with a hint how to create one."""
    try:
        return store.environments.find(text)
    except NotFound as error:
        hint = Hint("create_environment")
        raise NotFound(str(error), what="environment", which=text, field="environment", hint=hint) from error


def _with_users(environment: Environment, mocks: Sequence[MockServer]) -> EnvironmentUse:
    return EnvironmentUse(environment, [mock.name for mock in mocks if mock.environment_id == environment.id])
