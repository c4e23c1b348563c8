"""A file that is fetched by parts at the same time, recorded and without its server: byte for byte the same."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

import pytest

from tests.e2e.programs.test_run_command import run
from tests.e2e.transfers.files import CONTENT, PARTS, Fetch, by_aria2c, by_curl, by_httpx, serve_file
from tests.integration.audit import Audit
from tests.programs import Understudy, upstream

pytestmark = pytest.mark.once
needs_aria2c = pytest.mark.skipif(shutil.which("aria2c") is None, reason="aria2c is not installed")
HOST = "files.test"  # resolves nowhere (RFC 6761, section 6.2)
FORWARDS, BACKWARDS = range(PARTS), range(PARTS)[::-1]


@pytest.fixture(params=[by_aria2c, by_curl, by_httpx])
def fetch(request: pytest.FixtureRequest) -> Fetch:
    """A client that is installed."""
    client: Fetch = request.param
    if client is by_aria2c and shutil.which("aria2c") is None:
        pytest.skip("aria2c is not installed")
    return client


def record(understudy: Understudy, *command: str) -> str:
    """Record a command; `URL` in it is that of the file. Returns the URL, and asserts that the command succeeds."""
    with upstream(serve_file) as server:
        place = f"{HOST}:{server.rpartition(':')[2]}"
        url = f"http://{place}/data.bin"
        words = [word.replace("URL", url) for word in command]
        done = run(understudy, "record", "-s", "files", "--resolve", f"{place}:127.0.0.1", "--", *words)
    assert done.code == 0, done.err
    return url


def replay(understudy: Understudy, fetch: Fetch, url: str, order: Sequence[int]) -> bytes:
    """Fetch the file from the recording; asserts that the gateway makes no call. Returns what the client wrote."""
    audit, file = Audit(understudy.home), understudy.home / "replayed"
    done = run(audit.of(understudy), "replay", "files", "--", *fetch(url, file, order))
    assert done.code == 0, done.err
    assert audit.calls == []
    return file.read_bytes()


def mock(understudy: Understudy, fetch: Fetch, order: Sequence[int]) -> bytes:
    """Fetch the file from a mock server made of the recording. Returns what the client wrote."""
    file = understudy.home / "mocked"
    understudy.run("promote", "--session", "files", "--to", "files")
    understudy.run("mocks", "create", "files", "--collection", "files")
    with understudy.mocks_serving("files") as serving:
        command = fetch(f"{serving.url}/data.bin", file, order)
        done = subprocess.run(command, env=understudy.environment, check=False)
    assert done.returncode == 0, serving.log
    return file.read_bytes()


@needs_aria2c
def test_parts_of_a_file_that_was_recorded_whole_are_replayed(understudy: Understudy) -> None:
    """The length first, then every part at the same time."""
    url = record(understudy, "curl", "-qsSfo", "/dev/null", "-I", "URL", "--next", "-qsSfo", "/dev/null", "URL")
    assert replay(understudy, by_aria2c, url, FORWARDS) == CONTENT


@needs_aria2c
def test_parts_of_a_file_that_was_recorded_whole_are_mocked(understudy: Understudy) -> None:
    """The answer to HEAD comes from the GET."""
    record(understudy, "curl", "-qsSfo", "/dev/null", "URL")
    assert mock(understudy, by_aria2c, FORWARDS) == CONTENT


def test_parts_in_another_order_are_replayed(understudy: Understudy, fetch: Fetch) -> None:
    url = record(understudy, *fetch("URL", understudy.home / "recorded", FORWARDS))
    assert (understudy.home / "recorded").read_bytes() == CONTENT
    assert replay(understudy, fetch, url, BACKWARDS) == CONTENT


def test_parts_in_another_order_are_mocked(understudy: Understudy, fetch: Fetch) -> None:
    record(understudy, *fetch("URL", understudy.home / "recorded", FORWARDS))
    assert mock(understudy, fetch, BACKWARDS) == CONTENT
