"""The pytest plugin, as a project uses it: pytest run in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.inside import quickly
from tests.programs import Understudy

pytestmark = pytest.mark.once

PAGE = Path(__file__).parents[3] / "docs/pytest.md"
HEAD = """
import json, urllib.error, urllib.request
def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
"""


@pytest.fixture(scope="module")
def stored(promoted_once: Understudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the session and the collection "shop", and what docs/pytest.md speaks of; not to be changed."""
    understudy = Understudy(tmp_path_factory.mktemp("stored"))
    shutil.copy(promoted_once.store, understudy.store)
    quickly(understudy, "mocks", "create", "orders", "--request", 'POST /orders 201 {"id": 7}')
    quickly(understudy, "mocks", "create", "limited", "--collection", "shop", "--rate-limit", "1/60")
    return understudy.store


class Project:
    """A folder with tests in it."""

    def __init__(self, folder: Path, store: Path | None) -> None:
        self.folder = folder
        self.understudy = Understudy(folder)
        self.store = store

    def run(self, tests: str, *options: str, code: int = 0, **environment: str) -> str:
        (self.folder / "test_it.py").write_text(HEAD + tests)
        variables = {name: value for name, value in self.understudy.environment.items() if name != "UNDERSTUDY_STORE"}
        if self.store is not None:
            variables["UNDERSTUDY_STORE"] = str(self.store)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:asyncio",
            "-W",
            "error",
            *options,
        ]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=variables | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def project(tmp_path: Path, stored: Path) -> Project:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers --strict-config\n")
    return Project(tmp_path, stored)


MOCKS = """
def test_a_collection_answers(mock_server):
    shop = mock_server("shop")
    assert get(shop.url + "/users/1") == (200, b'{"id": 1, "name": "Ada"}')
    shop.assert_called("GET /users/{{id}}", times=1)
    [call] = shop.calls()
    assert (call.request.target, call.response.status) == (b"/users/1", 200)

def test_sequences_are_a_test_s_own_and_start_over(mock_server):
    shop = mock_server("shop")
    ask = lambda: json.loads(get(shop.url + "/orders/next")[1])["order"]
    assert [ask(), ask(), ask()] == [1, 2, 2]
    shop.reset()
    assert [ask(), len(shop.calls())] == [1, 1]
    assert json.loads(get(mock_server("shop").url + "/orders/next")[1])["order"] == 1

def test_settings(mock_server):
    shop = mock_server("shop", fault="error", cors=False)
    assert get(shop.url + "/users/1")[0] == 503
    limited = mock_server("limited")
    assert [get(limited.url + "/users/1")[0] for _ in range(2)] == [200, 429]

def test_private(mock_server):
    assert get(mock_server("shop", private=True).url + "/users/1")[0] == 401

def test_every_call_is_seen_at_once(mock_server):
    api = mock_server(requests=["GET /a 200 x"])
    for number in range(1, 300):
        get(api.url + "/a")
        api.assert_called("GET /a", times=number)

def test_calls_can_be_asked_for_after_the_end(mock_server):
    api = mock_server(requests=["GET /a 200"])
    get(api.url + "/a")
    api.stop()
    assert len(api.calls()) == 1

def test_variables_and_matching(mock_server):
    api = mock_server(requests=["GET /a/{{id}} 200 {{id}}", "POST /b 204"], match_headers=["X-Team"])
    assert get(api.url + "/a/7") == (200, b"7")
    assert get(api.url + "/c")[0] == 404
    api.assert_not_called("POST /b")
"""


def test_mock_servers(project: Project, stored: Path) -> None:
    """Nothing of a test is written to the store."""
    before = stored.read_bytes()
    assert "7 passed" in project.run(MOCKS)
    assert stored.read_bytes() == before


def test_with_xdist_and_random_order(project: Project) -> None:
    assert "7 passed" in project.run(MOCKS, "-n", "2", "-p", "randomly")


SESSIONS = """
def test_as_recorded(understudy_session):
    api = understudy_session("shop")
    assert get(api.url + "/users/1") == (200, b'{"id": 1, "name": "Ada"}')
    assert [json.loads(get(api.url + "/orders/next")[1])["order"] for _ in range(3)] == [1, 2, 2]

def test_misses_that_are_allowed(understudy_session):
    api = understudy_session("shop", allow_misses=True)
    assert get(api.url + "/users/9")[0] == 404
    assert [call.request.target for call in api.misses()] == [b"/users/9"]
    assert len(api.calls()) == 1

def test_what_does_not_count(understudy_session):
    api = understudy_session("shop", ignore_query=["t"], timing="none")
    assert get(api.url + "/users/1?t=9")[0] == 200
"""


def test_sessions(project: Project) -> None:
    assert "3 passed" in project.run(SESSIONS)


MISSES = """
def test_ask(understudy_session):
    api = understudy_session("shop", once=True)
    get(api.url + "/users/9?pin=hidden")
    for _ in range(3):
        get(api.url + "/orders/next")
"""


def test_what_was_not_recorded_fails_the_test(project: Project) -> None:
    shown = project.run(MISSES, code=1)
    assert "session shop had no answer to these requests:" in shown
    assert "  GET /users/9?pin=REDACTED (nearest is " in shown
    assert "  GET /orders/next (its recorded answers were all given)" in shown
    assert "hidden" not in shown.partition("session shop had no answer")[2]


FAILING = """
def test_called(mock_server):
    api = mock_server(requests=["GET /a 200"])
    get(api.url + "/a?page=2")
    api.assert_called("GET /a?page=1")
"""


def test_what_was_not_called_is_explained(project: Project) -> None:
    """In the words of `mocks verify`, without the plugin's own lines."""
    shown = project.run(FAILING, code=1)
    assert "GET /a?page=1 was not called; expected: at least once" in shown
    assert "query   expected  page=1" in shown
    assert "proxy/testing/mock_server.py" not in shown


MISTAKES = [
    ('mock_server("nothing")', "there is no mock server or collection 'nothing'"),
    ('mock_server("shop", speed=1)', "a mock server has no setting 'speed'"),
    ('mock_server("shop", query="maybe")', "query is prefer, require or off"),
    ('mock_server("shop", delay="slow")', "a delay is 2G, 3G"),
    ("mock_server()", "takes the name of a mock server or collection, or requests="),
    ('mock_server("shop", environment="none")', "there is no environment 'none'"),
    ('mock_server(requests=["GET"])', "a request is typed as"),
    ('mock_server(requests="GET /a 200")', "requests takes a list of texts, each 'METHOD PATH [STATUS [BODY]]'"),
    (
        'mock_server("shop").assert_called("GET /a", at_least="2")',
        "a number of calls is a whole number from 0 on, not '2'",
    ),
    ('mock_server("shop").assert_called("GET /a", times=-1)', "a number of calls is a whole number from 0 on, not -1"),
    ('mock_server("shop").assert_called("/a")', "a call is written 'METHOD PATH'"),
    ('mock_server("shop").assert_called("GET /a", times=1, at_least=1)', "not both"),
    ('understudy_session("nothing")', "there is no session 'nothing'"),
    ('understudy_session("shop", upstream="nowhere")', "upstream: expected a URL"),
    ('understudy_session("shop", ignore="t")', "a replay has no setting ignore; the settings are once, miss"),
    ('understudy_session("shop", ignore_query="t")', "ignore_query takes a list of names, such as ['t']"),
]


def test_mistakes(project: Project) -> None:
    """Each names what was expected."""
    tests = "\n".join(
        f"def test_{number}(mock_server, understudy_session): {typed}" for number, (typed, _) in enumerate(MISTAKES)
    )
    shown = project.run(tests, code=1)
    assert f"{len(MISTAKES)} failed" in shown
    for _, message in MISTAKES:
        assert message in shown


STORE = 'def test_it(mock_server): assert get(mock_server("shop").url + "/users/1")[0] == 200'


def test_the_store_is_named_in_the_settings(project: Project, stored: Path) -> None:
    """From the root folder of the tests."""
    shutil.copy(stored, project.folder / "own.db")
    (project.folder / "pytest.ini").write_text("[pytest]\nunderstudy_store = own.db\n")
    project.store = None
    assert "1 passed" in project.run(STORE)


def test_a_store_that_is_not_there_is_not_made(project: Project) -> None:
    project.store = project.folder / "none.db"
    assert f"there is no store {project.store}" in project.run(STORE, code=1)
    assert not project.store.exists()


def test_nothing_is_imported_until_a_fixture_is_used(project: Project) -> None:
    names = [
        "sqlalchemy",
        "mitmproxy",
        "uvloop",
        "understudy.matcher",
        "understudy.serving",
        "understudy.proxy.mock_server.process",
    ]
    test = f"import sys\ndef test_it(): assert not set({names}) & set(sys.modules)"
    assert "1 passed" in project.run(test)


def test_a_session_is_replayed_by_what_is_kept_with_it_and_in_the_project_file(tmp_path: Path, stored: Path) -> None:
    """The file also names the store, and settings of the fixture beat both."""
    shutil.copy(stored, tmp_path / "own.db")
    (tmp_path / "understudy.toml").write_text('store = "own.db"\n[replay]\nignore_query = ["page"]\n')
    project = Project(tmp_path, None)
    project.run(
        """
def test_file(understudy_session):
    assert get(understudy_session("shop").url + "/users/1?page=2")[0] == 200
def test_setting(understudy_session):
    session = understudy_session("shop", ignore_query=["ts"], allow_misses=True)
    assert get(session.url + "/users/1?page=2")[0] == 404
"""
    )
    quickly(
        Understudy(tmp_path), "--store", str(tmp_path / "own.db"), "sessions", "set", "shop", "--ignore-query", "ts"
    )
    project.run(
        """
def test_session(understudy_session):
    session = understudy_session("shop", allow_misses=True)
    assert get(session.url + "/users/1?ts=2")[0] == 200
    assert get(session.url + "/users/1?page=2")[0] == 404
"""
    )
