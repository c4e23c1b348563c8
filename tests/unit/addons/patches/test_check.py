"""The check at start: removing or changing any private name makes it fail with a line that names it."""

from __future__ import annotations

import enum
import inspect
from importlib import import_module
from types import FunctionType, SimpleNamespace
from typing import Any

import pytest

from understudy.addons.patches.check import check_mitmproxy, find_missing_names, is_provided
from understudy.addons.patches.private_names import PrivateName, list_private_names
from understudy.addons.patches.versions import UnsupportedMitmproxy

NAMES = list_private_names()
FUNCTIONS = [name for name in NAMES if name.parameters is not None]


def find_owner(name: PrivateName) -> tuple[Any, str]:
    """Return the module or class that has a name, and the name's last part."""
    *steps, last = name.path.split(".")
    owner: Any = import_module(name.module)
    for step in steps:
        owner = getattr(owner, step)
    return owner, last


def remove(patch: pytest.MonkeyPatch, name: PrivateName) -> None:
    """Remove a name from mitmproxy, wherever it is defined: in a module, a class, an annotation or a constructor."""
    owner, last = find_owner(name)
    if inspect.isclass(owner) and issubclass(owner, enum.Enum):  # it does not let its members be removed
        others = {member.name: member for member in owner if member.name != last}
        patch.setattr(import_module(name.module), owner.__name__, SimpleNamespace(**others))
        return
    for one in inspect.getmro(owner) if inspect.isclass(owner) else (owner,):
        if last in vars(one):
            patch.delattr(one, last)
        if last in inspect.get_annotations(one):
            patch.delitem(one.__annotations__, last)
        constructor = vars(one).get("__init__") if inspect.isclass(one) else None
        if inspect.isfunction(constructor) and last in constructor.__code__.co_names:
            patch.setattr(one, "__init__", rename_in(constructor, last))


def rename_in(function: FunctionType, name: str) -> FunctionType:
    """Return a copy of a function that uses another name instead of this one."""
    code = function.__code__
    names = tuple("renamed" if other == name else other for other in code.co_names)
    return FunctionType(
        code.replace(co_names=names),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )


def test_the_installed_mitmproxy_passes() -> None:
    assert list(find_missing_names()) == []
    check_mitmproxy()


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_removing_a_private_name_fails_the_check(monkeypatch: pytest.MonkeyPatch, name: PrivateName) -> None:
    with monkeypatch.context() as patch:
        remove(patch, name)
        missing = list(find_missing_names())
        with pytest.raises(UnsupportedMitmproxy) as caught:
            check_mitmproxy()
    assert name in missing
    assert name.path.rpartition(".")[2] in str(caught.value)


@pytest.mark.parametrize("name", FUNCTIONS, ids=str)
def test_other_parameters_fail_the_check(monkeypatch: pytest.MonkeyPatch, name: PrivateName) -> None:
    def other(changed: object) -> None:
        raise AssertionError(changed)

    with monkeypatch.context() as patch:
        patch.setattr(*find_owner(name), staticmethod(other))
        missing = list(find_missing_names())
    assert name in missing


@pytest.mark.parametrize(
    "name", [PrivateName("mitmproxy._gone", "f"), PrivateName("mitmproxy.http", "Gone.f"), PrivateName("h11", "Gone")]
)
def test_a_missing_module_or_class_is_not_provided(name: PrivateName) -> None:
    assert not is_provided(name)
