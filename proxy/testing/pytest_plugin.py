"""The pytest plugin: mock servers and recorded sessions as fixtures (docs/pytest.md).

Every run of pytest loads it where Understudy is installed, so it imports nothing until a test uses a fixture.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from understudy.proxy.testing.mock_server import LocalMockServer
    from understudy.proxy.testing.session import LocalSession
    from understudy.store.repositories.store import Store

STORE_OPTION = "understudy_store"
MISSES_TITLE = "calls to mock servers that no example answered"
_BEGAN = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our setting to pytest's."""
    parser.addini(
        STORE_OPTION, "Understudy's store, from the root folder of the tests: a file or a database URL.", default=""
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failed test the calls to mock servers that no example answered in the test."""
    report = yield
    if call.when == "setup":
        item.stash[_BEGAN] = call.start
    serving = sys.modules.get("understudy.proxy.testing.mock_server")
    if report.failed and serving is not None and (misses := serving.describe_all_misses(item.stash[_BEGAN])):
        report.sections.append((MISSES_TITLE, misses))
    return report


@pytest.fixture(scope="session")
def understudy_store(pytestconfig: pytest.Config) -> Iterator[Store]:
    """The store that mock servers and sessions are read from; a project may override this fixture."""
    from understudy.proxy.project_file import add_project_rules, read_project
    from understudy.proxy.settings import STORE_VARIABLE, resolve_store_url
    from understudy.proxy.store_opening import open_or_upgrade_store
    from understudy.store.errors import NotFound

    own = pytestconfig.getini(STORE_OPTION)
    if own and "://" not in own:
        own = str(pytestconfig.rootpath / os.path.expanduser(own))
    url = os.environ.get(STORE_VARIABLE) or own or resolve_store_url(None)
    if "://" not in url and not os.path.exists(os.path.expanduser(url)):
        message = f"there is no store {url}; set {STORE_OPTION} in pytest's settings, or {STORE_VARIABLE}"
        raise NotFound(message, what="store", which=url)
    store = open_or_upgrade_store(url)
    yield add_project_rules(store, read_project())
    store.close()


class MockServerFactory:
    """The fixture `mock_server`: call it to start a mock server that runs until the test ends."""

    def __init__(self, request: pytest.FixtureRequest, ending: ExitStack) -> None:
        self._request = request
        self._ending = ending

    def __call__(
        self, name: str | None = None, *, requests: Sequence[str] = (), seed: int | None = None, **settings: Any
    ) -> LocalMockServer:
        """Serve the mock server or collection `name` of the store, or `requests`: 'METHOD PATH [STATUS [BODY]]'.

        Settings are those of `mocks create`: match_body=True, match_headers=["X-Team"], delay="2G", fault="reset:10",
        environment="stage", ... Raises UserError for an unknown setting or a wrong value.
        """
        from understudy.proxy.store_opening import open_or_upgrade_store
        from understudy.proxy.testing.errors import name_settings
        from understudy.proxy.testing.mock_server import LocalMockServer, mock_from_name, mock_from_requests
        from understudy.store.errors import UserError

        if (name is None) == (not requests):
            raise UserError("mock_server takes the name of a mock server or collection, or requests=[...]")
        with name_settings():
            if name is not None:
                store: Store = self._request.getfixturevalue("understudy_store")
                mock = mock_from_name(store, name, settings)
            else:
                store = open_or_upgrade_store("sqlite://")
                self._ending.callback(store.close)
                mock = mock_from_requests(store, requests, settings)
        served = LocalMockServer(store, mock, seed=seed)
        self._ending.callback(served.stop)
        return served


class SessionFactory:
    """The fixture `understudy_session`: call it to replay a session until the test ends."""

    def __init__(self, request: pytest.FixtureRequest, ending: ExitStack) -> None:
        self._request = request
        self._ending = ending

    def __call__(
        self, name: str, *, upstream: str | None = None, allow_misses: bool = False, **settings: Any
    ) -> LocalSession:
        """Replay the session `name`; a request that was not recorded fails the test at its end, unless allowed.

        Settings are those of the command `replay`: once=True, ignore_query=["t"], ignore_body=["$.at"],
        match_header=["X-Team"], ignore_header=["Date"], miss="502", replay_failures=True, hold=1.
        Raises UserError for an unknown setting or a wrong value.
        """
        from understudy.proxy.gateway.replay_settings import parse_replay_settings
        from understudy.proxy.project_file import read_replay_defaults
        from understudy.proxy.testing.errors import name_settings
        from understudy.proxy.testing.session import LocalSession

        store: Store = self._request.getfixturevalue("understudy_store")
        with name_settings():
            replay = parse_replay_settings(defaults=read_replay_defaults(), **settings)
            session = LocalSession(store, name, upstream=upstream, replay=replay)
        self._ending.callback(_end_session, session, allow_misses=allow_misses)
        return session


def _end_session(session: LocalSession, *, allow_misses: bool) -> None:
    misses = "" if allow_misses else session.describe_misses()
    session.stop()
    if misses:
        pytest.fail(f"session {session.name} had no answer to these requests:\n{misses}", pytrace=False)


@pytest.fixture
def mock_server(request: pytest.FixtureRequest) -> Iterator[MockServerFactory]:
    """Mock servers on free ports inside the test process: `mock_server("shop").url`."""
    with ExitStack() as ending:
        yield MockServerFactory(request, ending)


@pytest.fixture
def understudy_session(request: pytest.FixtureRequest) -> Iterator[SessionFactory]:
    """Recorded sessions, replayed inside the test process: `understudy_session("checkout").url`."""
    with ExitStack() as ending:
        yield SessionFactory(request, ending)
