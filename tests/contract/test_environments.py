"""The contract of `store.repositories.collections.Environments` and `Settings`."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.store.errors import Conflict, NotFound
from understudy.store.model.collections import Environment
from understudy.store.repositories.store import Store

STAGE = Environment("1", "stage", {"base": "http://x", "ü": ""})


def test_an_environment_is_found_by_name_and_id(store: Store) -> None:
    store.environments.save(STAGE)
    assert store.environments.find("stage") == store.environments.find("1") == STAGE


def test_environments_come_by_name(store: Store) -> None:
    first = Environment("2", "live")
    for environment in (STAGE, first):
        store.environments.save(environment)
    assert list(store.environments.list()) == [first, STAGE]


def test_saving_again_replaces(store: Store) -> None:
    renamed = Environment("1", "test", {"only": "this"})
    for environment in (STAGE, renamed):
        store.environments.save(environment)
    assert list(store.environments.list()) == [renamed]


def test_names_are_unique(store: Store) -> None:
    store.environments.save(STAGE)
    with pytest.raises(Conflict, match="there is an environment 'stage' already"):
        store.environments.save(Environment("2", "stage"))
    assert list(store.environments.list()) == [STAGE]


def test_not_found_lists_names(store: Store) -> None:
    store.environments.save(STAGE)
    with pytest.raises(NotFound, match=r"there is no environment 'live'; there are: stage$"):
        store.environments.find("live")


def test_a_deleted_environment_is_gone(store: Store) -> None:
    store.environments.save(STAGE)
    store.environments.delete("1")
    assert list(store.environments.list()) == []


def test_deleting_an_unknown_environment_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.environments.delete("1")


@pytest.mark.parametrize("value", [None, False, 0, 1.5, "", "ü\x00\udcff", [], {"a": [1, None]}])
def test_a_setting_comes_back_as_it_was(store: Store, value: Any) -> None:
    store.settings.set("key", value)
    assert store.settings.get("key", "default") == value


def test_a_setting_that_was_never_set_is_the_default(store: Store) -> None:
    assert store.settings.get("key", "default") == "default"
    assert store.settings.get("key") is None


def test_a_setting_has_its_last_value(store: Store) -> None:
    for value in (1, 2):
        store.settings.set("key", value)
    store.settings.set("other", 3)
    assert store.settings.get("key") == 2


def test_a_setting_that_is_set_once_stays(store: Store) -> None:
    """The second caller gets the value of the first."""
    assert store.settings.set_once("key", [1]) == [1]
    assert store.settings.set_once("key", [2]) == [1]
    assert store.settings.get("key") == [1]
