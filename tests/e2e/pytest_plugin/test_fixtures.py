"""The pytest plugin, used by the tests of another project in a pytest process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import Understudy

DOCS = Path(__file__).parents[3] / "docs/pytest.md"
GETTING = """
import urllib.error, urllib.request

def status(url):
    try:
        with urllib.request.urlopen(url) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
"""


def run(folder: Path, test: str, *options: str, **environment: str) -> str:
    """What pytest prints of a file of tests; its exit code is in the last line."""
    (folder / "test_theirs.py").write_text(GETTING + test)
    inherited = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "test_theirs.py"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False, env=inherited | environment
    )
    return f"{done.stdout}{done.stderr}\nexit {done.returncode}"


def test_the_example_of_the_docs_runs(tmp_path: Path) -> None:
    [example] = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert run(tmp_path, example).endswith("exit 0")


def test_two_processes_serve_side_by_side(tmp_path: Path) -> None:
    test = """
import pytest

NAMES = ("ann", "bob", "cyd", "eve")

@pytest.mark.parametrize("name", NAMES)
def test_each_has_its_own(mock_server, name):
    served = mock_server(requests=[f"GET /{name} 200"])
    assert [other for other in NAMES if status(f"{served.url}/{other}") == 200] == [name]
"""
    assert "4 passed" in run(tmp_path, test, "-n", "2")


MISSING = """
import pytest

@pytest.fixture(scope="session")
def shared():
    from contextlib import ExitStack
    from understudy.proxy.testing.pytest_plugin import MockServerFactory
    with ExitStack() as ending:
        yield MockServerFactory(None, ending)(requests=["GET /users/1 200"])

def test_first(shared):
    status(f"{shared.url}/earlier/than/this")

def test_second(mock_server, shared):
    served = mock_server(requests=["POST /orders 201"])
    for _ in range(3):
        status(f"{served.url}/nothing/like/it?api_key=sk-a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5")
    status(f"{served.url}/%1b%5B31m/a/b")
    status(f"{shared.url}/in/this/test")
    assert served.misses()[0].request.path == b"/nothing/like/it"
    assert status(f"{served.url}/nothing/like/it") == 200

def test_third(shared):
    assert not "misses that came before it"
"""


@pytest.mark.parametrize("options", [[], ["-n", "2", "--dist", "loadfile"]])
def test_a_failed_test_shows_the_misses_that_came_in_it(tmp_path: Path, options: list[str]) -> None:
    shown = run(tmp_path, MISSING, *options)
    reports = dict(re.findall(r"_ (test_\w+) _+\n(.*?)(?=\n_{5}|\n={5})", shown, re.DOTALL))
    second, third = reports["test_second"], reports["test_third"]
    assert "calls to mock servers that no example answered" in second
    assert re.search(r"GET /nothing/like/it\?api_key=\S+, 3 times\n  nearest is \"POST /orders - 201\"", second)
    assert re.search(r"method +expected +POST\n +actual +GET", second)
    assert "GET /in/this/test" in second
    assert "sk-a1B2" not in shown.replace('api_key=sk-a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5")', "")
    assert "earlier/than/this" not in second
    assert "no example answered" not in third


def test_a_call_that_is_missing_is_explained(tmp_path: Path) -> None:
    test = """
def test_orders(mock_server):
    served = mock_server(requests=["POST /orders 201"])
    status(f"{served.url}/order")
    served.assert_called("POST /orders", times=2)
"""
    shown = run(tmp_path, test)
    assert "POST /orders was not called; expected: exactly 2 times" in shown
    assert "/order" in shown
    assert shown.endswith("exit 1")


@pytest.mark.parametrize(
    ("call", "mistake"),
    [
        ('mock_server("nothing")', "there is no mock server or collection 'nothing'"),
        ("mock_server()", "takes the name of a mock server or collection, or requests="),
        ('mock_server(requests=["GET /"], colour="red")', "has no setting 'colour'"),
    ],
)
def test_mistakes_are_explained(understudy: Understudy, tmp_path: Path, call: str, mistake: str) -> None:
    understudy.run("collections", "create", "shop")
    assert mistake in run(tmp_path, f"def test_it(mock_server):\n    {call}\n", UNDERSTUDY_STORE=str(understudy.store))


def test_a_collection_and_a_session_of_a_store(promoted: Understudy, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nunderstudy_store = {promoted.store}\n")
    test = """
def test_a_collection(mock_server):
    shop = mock_server("shop")
    assert status(f"{shop.url}/users/1") == 200
    shop.assert_called("GET /users/{{id}}")

def test_a_session(understudy_session):
    session = understudy_session("shop")
    assert status(f"{session.url}/users/2") == 200
    assert status(f"{session.url}/missing") == 404

def test_a_request_that_was_not_recorded(understudy_session):
    status(understudy_session("shop").url + "/users/3")
"""
    shown = run(tmp_path, test)
    assert "3 passed, 1 error" in shown
    assert "session shop had no answer to these requests:" in shown
    assert "/users/3" in shown


def test_nothing_is_imported_before_a_fixture_is_asked_for(tmp_path: Path) -> None:
    test = """
def test_light():
    import sys
    assert not {"sqlalchemy", "mitmproxy", "uvloop", "matcher.index"} & set(sys.modules)
"""
    assert run(tmp_path, test).endswith("exit 0")
