"""The fixtures of the pytest plugin, called without a run of pytest: what they refuse, and how a test ends."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, cast

import pytest

from understudy.proxy.testing.pytest_plugin import MockServerFactory, SessionFactory, _end_session
from understudy.store.errors import NotFound, UserError
from understudy.store.repositories.store import Store


class Asked:
    """A fixture request of a test."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store

    def getfixturevalue(self, name: str) -> Store:
        assert name == "understudy_store"
        assert self._store is not None, "no store is needed for this"
        return self._store


def mock_server(store: Store | None, *arguments: Any, **named: Any) -> None:
    with ExitStack() as ending:
        MockServerFactory(cast("Any", Asked(store)), ending)(*arguments, **named)


@pytest.mark.parametrize(("name", "requests"), [(None, []), ("shop", ["GET /"]), (None, ()), ("", ["GET /"])])
def test_a_mock_server_has_a_name_or_requests(name: str | None, requests: list[str]) -> None:
    with pytest.raises(UserError, match="takes the name of a mock server or collection, or requests="):
        mock_server(None, name, requests=requests)


def test_a_name_is_looked_up_in_the_store(store: Store) -> None:
    with pytest.raises(NotFound, match="'shop'"):
        mock_server(store, "shop")


@pytest.mark.parametrize("requests", [["/"], ["GET / many"]])
def test_requests_need_no_store_of_the_project(requests: list[str]) -> None:
    with pytest.raises(UserError):
        mock_server(None, requests=requests)


def test_a_session_is_looked_up_in_the_store(store: Store) -> None:
    with ExitStack() as ending, pytest.raises(NotFound, match="checkout"):
        SessionFactory(cast("Any", Asked(store)), ending)("checkout")


class Replayed:
    """A session with these misses."""

    name = "checkout"

    def __init__(self, misses: str) -> None:
        self.misses = misses
        self.stopped = False

    def describe_misses(self) -> str:
        assert not self.stopped
        return self.misses

    def stop(self) -> None:
        self.stopped = True


@pytest.mark.parametrize(("misses", "allowed"), [("", False), ("", True), ("  GET /x", True)])
def test_a_test_ends_well_when_all_was_recorded_or_misses_are_allowed(misses: str, allowed: bool) -> None:
    session = Replayed(misses)
    _end_session(cast("Any", session), allow_misses=allowed)
    assert session.stopped


def test_a_request_that_was_not_recorded_fails_the_test() -> None:
    session = Replayed("  GET /x (nearest: GET /y)")
    with pytest.raises(
        pytest.fail.Exception, match=r"session checkout had no answer to these requests:\n  GET /x \(nearest: GET /y\)"
    ):
        _end_session(cast("Any", session), allow_misses=False)
    assert session.stopped
