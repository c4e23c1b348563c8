"""Replacing functions of mitmproxy: only those that are there, with the parameters that the replacement has."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from understudy.addons.patches.versions import UnsupportedMitmproxy

AnyFunction = Callable[..., Any]

# By replacement: whose function it replaced, the name, and the original.
_replaced: dict[AnyFunction, tuple[type | ModuleType, str, AnyFunction]] = {}


def replace(owner: type | ModuleType, name: str, replacement: AnyFunction) -> None:
    """Replace a function of a class or module in this process; a second call does nothing.

    Raises UnsupportedMitmproxy if the owner itself does not define the function, or if the names of its parameters are
    not those of `replacement`.
    """
    original = vars(owner).get(name)
    if original is replacement:
        return
    parameters = list_parameters(replacement)
    if not callable(original) or list_parameters(original) != parameters:
        raise UnsupportedMitmproxy(f"{_qualify(owner)}.{name}({', '.join(parameters)})")
    _replaced[replacement] = (owner, name, original)
    setattr(owner, name, replacement)


def get_original(replacement: AnyFunction) -> AnyFunction:
    """Return the function that `replacement` has replaced."""
    return _replaced[replacement][2]


def list_replaced() -> Iterator[tuple[type | ModuleType, str, AnyFunction]]:
    """Yield what has been replaced in this process: the owner, the name and the original function."""
    yield from _replaced.values()


def list_parameters(function: AnyFunction) -> tuple[str, ...]:
    """Return the names of a function's parameters."""
    return tuple(inspect.signature(function).parameters)


def _qualify(owner: type | ModuleType) -> str:
    return owner.__name__ if isinstance(owner, ModuleType) else f"{owner.__module__}.{owner.__qualname__}"
