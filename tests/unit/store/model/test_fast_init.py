"""Frozen dataclasses that are made quickly behave as they did."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, astuple, dataclass, field, replace

import pytest

from understudy.store.model.fast_init import fast_init


@dataclass(frozen=True, slots=True)
class Slow:
    """As dataclasses makes it."""

    name: str
    tags: tuple[str, ...] = ()
    note: str | None = None


@fast_init
@dataclass(frozen=True, slots=True)
class Quick:
    """The same, made quickly."""

    name: str
    tags: tuple[str, ...] = ()
    note: str | None = None


def test_made_alike() -> None:
    """By place, by name and by default."""
    assert astuple(Quick("a", ("b",), note="c")) == astuple(Slow("a", ("b",), note="c"))
    assert (Quick("a").tags, Quick("a").note) == ((), None)
    assert inspect.signature(Quick) == inspect.signature(Slow)


def test_still_a_frozen_value() -> None:
    """Equal, hashed, replaced, copied and pickled by its fields; it cannot be changed."""
    one = Quick("a")
    assert one == replace(Quick("b"), name="a") == copy.copy(one) == pickle.loads(pickle.dumps(one))
    assert hash(one) == hash(Quick("a"))
    with pytest.raises(FrozenInstanceError):
        one.name = "b"  # type: ignore[misc]


@pytest.mark.parametrize("arguments", [(), ("a", (), None, 1)])
def test_arguments_are_checked(arguments: tuple[object, ...]) -> None:
    """Too few and too many are refused."""
    with pytest.raises(TypeError):
        Quick(*arguments)  # type: ignore[arg-type]


def test_only_plain_fields() -> None:
    """What it would not honour is refused where the class is written."""

    @dataclass(frozen=True)
    class NoSlots:
        name: str

    @dataclass(frozen=True, slots=True)
    class Made:
        names: list[str] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class Checked:
        name: str

        def __post_init__(self) -> None:
            """Something to do."""

    for each in (NoSlots, Made, Checked):
        with pytest.raises(TypeError, match=f"{each.__name__} is not"):
            fast_init(each)
