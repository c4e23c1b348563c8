"""Frozen dataclasses with `fast_init` behave like others."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, astuple, dataclass, field, replace

import pytest

from understudy.store.model.fast_init import fast_init


@dataclass(frozen=True, slots=True)
class Plain:
    """A dataclass as generated."""

    name: str
    tags: tuple[str, ...] = ()
    note: str | None = None


@fast_init
@dataclass(frozen=True, slots=True)
class Fast:
    """The same with `fast_init`."""

    name: str
    tags: tuple[str, ...] = ()
    note: str | None = None


def test_instances_are_created_alike() -> None:
    """By position, by name and by default."""
    assert astuple(Fast("a", ("b",), note="c")) == astuple(Plain("a", ("b",), note="c"))
    assert (Fast("a").tags, Fast("a").note) == ((), None)
    assert inspect.signature(Fast) == inspect.signature(Plain)


def test_instances_are_frozen_values() -> None:
    """They are compared, hashed, replaced, copied and pickled by their fields, and cannot be changed."""
    value = Fast("a")
    assert value == replace(Fast("b"), name="a") == copy.copy(value) == pickle.loads(pickle.dumps(value))
    assert hash(value) == hash(Fast("a"))
    with pytest.raises(FrozenInstanceError):
        value.name = "b"  # type: ignore[misc]


@pytest.mark.parametrize("arguments", [(), ("a", (), None, 1)])
def test_arguments_are_checked(arguments: tuple[object, ...]) -> None:
    """Too few and too many arguments are refused."""
    with pytest.raises(TypeError):
        Fast(*arguments)  # type: ignore[arg-type]


def test_a_class_with_other_than_plain_fields_is_refused() -> None:
    """The decorator raises at the definition of the class."""

    @dataclass(frozen=True)
    class NoSlots:
        name: str

    @dataclass(frozen=True, slots=True)
    class WithFactory:
        names: list[str] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class Checked:
        name: str

        def __post_init__(self) -> None:
            """A check that `fast_init` would skip."""

    for cls in (NoSlots, WithFactory, Checked):
        with pytest.raises(TypeError, match=f"{cls.__name__} is not"):
            fast_init(cls)
