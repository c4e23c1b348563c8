"""Scripts that wait for a program that serves: `--ready-file`, and `--detach`."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.shop import call
from tests.programs import Understudy, answer, probe, upstream, wait_for
from tests.proofs import choose

STARTED = re.compile(
    r"Listening on (\S+), in the background \(process (\d+)\)\.\nIts log is (\S+)\. Stop it with: kill (\d+)\n"
)
GATEWAYS = {
    "record": ["record", "--upstream", "URL", "--session", "new"],
    "replay": ["replay", "shop"],
    "mock": ["mock", "shop"],
    "gateway": ["gateway", "--upstream", "URL"],
}

FAILURES = [
    (["mock", "nothing", "--detach"], "there is no mock server or collection 'nothing'"),
    (["mock", "shop", "--detach", "--store", "/nowhere/x.db"], "there is no store at /nowhere/x.db"),
    (["mock", "shop", "--detach", "--ready-file", "/nowhere/ready"], "--ready-file: cannot write /nowhere/ready"),
    (["mock", "shop", "--ready-file", "/"], "--ready-file: cannot write /"),
    (["mock", "shop", "--detach", "--log-file", "/nowhere/log"], "--log-file: cannot write /nowhere/log"),
    (["mock", "shop", "--log-file", "log"], "--log-file goes with --detach"),
    (["mock", "shop", "--detach", "--", "true"], "the program ends with its COMMAND"),
    (["mocks", "serve", "--detach", "--port", "0", "--json-log", "-"], "give --json-log a FILE"),
]


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        answer(handler, b"Ada")

    with upstream(respond) as url:
        yield url


@pytest.fixture
def shop(understudy: Understudy, api: str) -> Understudy:
    """A store with a session and a collection of this name."""
    with understudy.serving("record", "--upstream", api, "--session", "shop") as gateway:
        call(f"{gateway.url}/users/1")
    understudy.run("promote", "--session", "shop", "--to", "shop")
    return understudy


@contextmanager
def detached(understudy: Understudy, *arguments: object) -> Iterator[tuple[str, int, Path]]:
    """Start a program in the background; yields its URL, its process and its log, and ends it."""
    found = STARTED.fullmatch(understudy.run(*arguments, "--detach"))
    assert found
    assert found[2] == found[4]
    pid = int(found[2])
    try:
        yield found[1], pid, Path(found[3])
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not is_running(pid))


def is_running(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.parametrize("command", choose(list(GATEWAYS), ["record"]))
def test_a_gateway_starts_in_the_background(shop: Understudy, api: str, command: str) -> None:
    """When the command returns, it answers, in a session of its own; the file is there as long as it runs."""
    ready = shop.home / "ready.json"
    arguments = [api if word == "URL" else word for word in GATEWAYS[command]]
    with detached(shop, *arguments, "--listen", "127.0.0.1:0", "--ready-file", ready) as (url, pid, log):
        assert call(f"{url}/users/1") == (200, b"Ada")
        port = int(url.rpartition(":")[2])
        facts = {"url": url, "host": "127.0.0.1", "port": port, "pid": pid, "gateway": f"gateway-{port}"}
        assert json.loads(ready.read_text()) == facts
        assert os.getsid(pid) == pid
        assert log.stat().st_mode & 0o077 == 0
    assert not ready.exists()
    assert "Listening on" in log.read_text()


@pytest.mark.parametrize("workers", choose([1, 2], [2]))
def test_mock_servers_start_in_the_background(shop: Understudy, workers: int) -> None:
    shop.run("mocks", "create", "stage", "--collection", "shop")
    ready, log = shop.home / "ready.json", shop.home / "mine.log"
    log.write_text("before\n")
    options = ["--port", 0, "--workers", workers, "--ready-file", ready, "--log-file", log]
    with detached(shop, "mocks", "serve", *options) as (url, pid, used):
        facts: dict[str, Any] = json.loads(ready.read_text())
        assert call(facts["mock_servers"]["stage"] + "users/1") == (200, b"Ada")
        assert (facts["url"], facts["pid"], used) == (url, pid, log)
    assert not ready.exists()
    assert log.read_text().startswith("before\nListening on")


def test_a_port_that_is_taken_is_the_error_of_the_command(shop: Understudy) -> None:
    with shop.serving("mock", "shop") as gateway:
        for command in (["mock", "shop", "--listen", gateway.listen], ["mocks", "serve", "--port", gateway.port]):
            assert "is taken by another server or program" in shop.mistake(*command, "--detach")
    assert list((shop.home / "understudy" / "logs").iterdir()) == []


@pytest.mark.parametrize(("arguments", "reason"), choose(FAILURES, FAILURES[::3]))
def test_what_prevents_a_start_is_reported(shop: Understudy, arguments: list[str], reason: str) -> None:
    """By the command itself, whose exit code is that of the program."""
    assert reason in shop.mistake(*arguments)


def test_a_file_of_an_earlier_run_does_not_deceive(shop: Understudy) -> None:
    """It is removed before the program opens the store."""
    ready = shop.home / "ready.json"
    ready.write_text('{"pid": 1}\n')
    assert "there is no mock server" in shop.mistake("mock", "nothing", "--ready-file", ready)
    assert not ready.exists()


def test_a_program_that_is_killed_before_it_is_ready_is_reported(shop: Understudy) -> None:
    """The command ends with the exit code that shells give for the signal."""
    slow = Understudy(shop.home)
    (shop.home / "sitecustomize.py").write_text(
        "import os, sys\nif 'UNDERSTUDY_AWAITED' in os.environ: os.kill(os.getpid(), 9)\n"
    )
    path = os.pathsep.join([str(shop.home), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = slow.complete("mock", "shop", "--detach", PYTHONPATH=path)
    assert done.returncode == 128 + 9
    assert b"signal 9 ended the program before it accepted connections" in done.stderr


def test_a_command_beside_a_gateway_finds_the_file(shop: Understudy) -> None:
    ready = shop.home / "ready.json"
    shown = shop.run("mock", "shop", "--ready-file", ready, "--", "cat", ready)
    assert probe(json.loads(shown)["port"]) is False
    assert not ready.exists()
