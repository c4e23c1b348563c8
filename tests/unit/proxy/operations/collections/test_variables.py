"""Variables, changed one by one."""

from __future__ import annotations

import pytest

from understudy.proxy.operations.collections.variables import change_variables
from understudy.store.errors import NotFound, UserError


def test_new_values_replace_old_ones() -> None:
    assert change_variables({"a": "1", "b": "2"}, {"b": "3", "c": "4"}) == {"a": "1", "b": "3", "c": "4"}


def test_a_removed_variable_is_gone() -> None:
    assert change_variables({"a": "1", "b": "2"}, {}, ["a"]) == {"b": "2"}


def test_a_variable_that_does_not_exist_is_not_removed() -> None:
    with pytest.raises(NotFound, match="there is no variable 'c'; there are: a, b"):
        change_variables({"b": "2", "a": "1"}, {}, ["c"])


@pytest.mark.parametrize("name", ["", " ", "a\nb", "{{a}}", "a}"])
def test_a_name_has_to_stand_between_braces(name: str) -> None:
    with pytest.raises(UserError, match="a variable needs a printable name without braces, not "):
        change_variables({}, {name: "1"})
