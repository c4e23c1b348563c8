"""Operations on environments."""

from __future__ import annotations

import pytest

from tests.factories.stored import serve
from understudy.proxy.operations.collections.environments import (
    delete_environment,
    find_environment,
    read_environment,
    read_environment_page,
    remove_variables,
    set_variables,
)
from understudy.store.errors import NotFound, UserError
from understudy.store.repositories.paging import WHOLE_LIST
from understudy.store.repositories.store import Store


def test_an_environment_is_created_by_its_first_variable(store: Store) -> None:
    set_variables(store, "stage", {"a": "1"}, actor="ada")
    assert store.environments.find("stage").variables == {"a": "1"}


def test_an_environment_keeps_its_other_variables(store: Store) -> None:
    before = set_variables(store, "stage", {"a": "1"}, actor="ada")
    after = set_variables(store, "stage", {"b": "2"}, actor="ada")
    assert (after.id, after.variables) == (before.id, {"a": "1", "b": "2"})


def test_variables_are_removed(store: Store) -> None:
    set_variables(store, "stage", {"a": "1", "b": "2"}, actor="ada")
    remove_variables(store, "stage", ["a"], actor="ada")
    assert store.environments.find("stage").variables == {"b": "2"}


def test_one_unknown_variable_removes_none(store: Store) -> None:
    set_variables(store, "stage", {"a": "1"}, actor="ada")
    with pytest.raises(NotFound, match="there is no variable 'b'"):
        remove_variables(store, "stage", ["a", "b"], actor="ada")
    assert store.environments.find("stage").variables == {"a": "1"}


def test_an_environment_names_the_mock_servers_that_use_it(store: Store) -> None:
    stage = set_variables(store, "stage", {}, actor="ada")
    serve(store, store.collections.create("shop"), environment_id=stage.id)
    assert list(read_environment(store, "stage").used_by) == ["shop"]


def test_environments_are_listed_by_name(store: Store) -> None:
    for name in ("b", "a"):
        set_variables(store, name, {}, actor="ada")
    assert [use.environment.name for use in list(read_environment_page(store, WHOLE_LIST).items)] == ["a", "b"]


def test_an_environment_that_is_not_used_is_deleted(store: Store) -> None:
    set_variables(store, "stage", {}, actor="ada")
    delete_environment(store, "stage", actor="ada")
    assert list(read_environment_page(store, WHOLE_LIST).items) == []


def test_an_environment_that_is_used_stays(store: Store) -> None:
    stage = set_variables(store, "stage", {}, actor="ada")
    serve(store, store.collections.create("shop"), environment_id=stage.id)
    with pytest.raises(UserError, match="the environment stage is used by the mock server shop"):
        delete_environment(store, "stage", actor="ada")


def test_an_unknown_environment_comes_with_a_hint(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no environment 'stage'; there are none yet") as raised:
        find_environment(store, "stage")
    assert raised.value.hint
    assert raised.value.hint.action == "create_environment"
