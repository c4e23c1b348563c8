"""A function is replaced only if it is there with the parameters that we know."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from understudy.addons.patches import replace as replace_module
from understudy.addons.patches.replace import get_original, list_replaced, replace
from understudy.addons.patches.versions import UnsupportedMitmproxy


class Base:
    """A class with a method that its subclass inherits."""

    def inherited(self, event: str) -> str:
        return event


class Target(Base):
    """A class of which a method is replaced."""

    def send(self, event: str) -> str:
        return f"sent {event}"

    value = 7


def shout(self: Target, event: str) -> str:
    """Send in capital letters."""
    sent: str = get_original(shout)(self, event)
    return sent.upper()


@pytest.fixture(autouse=True)
def fresh_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing was replaced before, and nothing stays replaced."""
    monkeypatch.setattr(replace_module, "_replaced", {})
    original = Target.send
    yield
    Target.send = original  # type: ignore[method-assign]


def test_a_replacement_can_call_the_original() -> None:
    replace(Target, "send", shout)
    assert Target().send("a") == "SENT A"


def test_replacing_twice_keeps_the_original() -> None:
    replace(Target, "send", shout)
    replace(Target, "send", shout)
    assert Target().send("a") == "SENT A"
    assert [(owner, name) for owner, name, _ in list_replaced()] == [(Target, "send")]


def test_a_function_of_a_module_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[__name__]
    monkeypatch.setattr(module, "measure", len, raising=False)

    def measure(obj: object, /) -> int:
        return -1

    replace(module, "measure", measure)
    assert module.measure("three") == -1
    assert get_original(measure) is len


@pytest.mark.parametrize("name", ["gone", "value", "inherited"])
def test_a_function_that_the_owner_does_not_define_is_an_error(name: str) -> None:
    """Missing, no function, or defined by a base class."""
    with pytest.raises(UnsupportedMitmproxy) as caught:
        replace(Target, name, shout)
    assert f"has no {__name__}.Target.{name}(self, event): this version of Understudy" in str(caught.value)


def test_other_parameters_are_an_error() -> None:
    def send(self: Target, event: str, urgent: bool) -> str:
        return f"{event} {urgent}"

    with pytest.raises(UnsupportedMitmproxy, match=r"Target\.send\(self, event, urgent\): this version"):
        replace(Target, "send", send)
    assert Target().send("a") == "sent a"
