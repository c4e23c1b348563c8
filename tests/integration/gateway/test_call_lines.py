"""The lines that gateways print for their calls, over HTTP/1.1 and HTTP/2, in each mode, and the JSON for programs."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest

from tests.programs import PATIENCE_SECONDS, Serving, Understudy, free_port, upstream, wait_for

LINE = re.compile(r"^\d\d:\d\d:\d\d (\S+) +(\S+) +(\d+|---) +[\d.]+ m?s ?(.*)$", re.MULTILINE)
ENTRY = re.compile(r"entry \d+")
TOKEN = "sk-" + "a1B2c3D4e5" * 3


def serve(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"ok")


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    with upstream(serve) as url:
        yield url


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, api: str) -> Understudy:
    """A session and a collection with GET /users/1."""
    understudy = Understudy(tmp_path_factory.mktemp("recorded"))
    with understudy.serving("record", "-s", "shop", "--upstream", api) as gateway:
        httpx.get(f"{gateway.url}/users/1", trust_env=False)
    understudy.run("promote", "--session", "shop", "--to", "shop")
    return understudy


def ask(gateway: Serving, *targets: str) -> None:
    """Ask for each over HTTP/1.1, twice, and then over HTTP/2."""
    for http2 in (False, False, True):
        with httpx.Client(
            base_url=gateway.url, trust_env=False, timeout=PATIENCE_SECONDS, http1=not http2, http2=http2
        ) as client:
            for target in targets:
                client.get(target)


def read_lines(gateway: Serving, number: int) -> list[tuple[str, ...]]:
    """Wait for so many lines, and return them: method, path, status, what became of the call."""
    wait_for(lambda: len(LINE.findall(gateway.log)) == number)
    return [tuple(ENTRY.sub("entry N", part) for part in line) for line in LINE.findall(gateway.log)]


@pytest.mark.parametrize(
    ("arguments", "details"),
    [
        (("record", "-s", "more"), ("entry N", "entry N")),
        (("gateway",), ("", "")),
        (("gateway", "--mode", "spy", "--mock", "shop", "-s", "rest"), ('"GET /users/1 - 200"', "entry N")),
    ],
)
def test_what_is_forwarded_has_a_line(
    recorded: Understudy, api: str, arguments: tuple[str, ...], details: tuple[str, str]
) -> None:
    with recorded.serving(*arguments, "--upstream", api) as gateway:
        ask(gateway, "/users/1", f"/other?token={TOKEN}")
        lines = read_lines(gateway, 6)
    assert lines == [("GET", "/users/1", "200", details[0]), ("GET", "/other", "200", details[1])] * 3
    assert TOKEN not in gateway.log


@pytest.mark.parametrize("arguments", [("mock", "shop"), ("replay", "shop")])
def test_what_is_answered_has_a_line_with_its_example_or_why_there_is_none(
    recorded: Understudy, arguments: tuple[str, str]
) -> None:
    with recorded.serving(*arguments) as gateway:
        ask(gateway, "/users/1", "/%1b[2J/x")
        hit, miss, *others = read_lines(gateway, 6)
    assert hit == ("GET", "/users/1", "200", '"GET /users/1 - 200"')
    assert miss[1:3] == ("/%1b[2J/x", "404")
    assert re.fullmatch(r'no match: nearest is "GET /users/1 - 200" \([\w ]+\): path differs', miss[3])
    assert others == [hit, miss] * 2
    assert " W " not in gateway.log


def test_a_verbose_gateway_shows_how_an_example_was_found(recorded: Understudy) -> None:
    with recorded.serving("mock", "shop", "-v") as gateway:
        ask(gateway, "/users/1")
        assert {line[3] for line in read_lines(gateway, 3)} == {'"GET /users/1 - 200", path as it is, score 110'}


def test_a_call_that_fails_has_its_reason(understudy: Understudy) -> None:
    with understudy.serving("record", "--upstream", f"http://127.0.0.1:{free_port()}") as gateway:
        ask(gateway, "/users/1")
        lines = read_lines(gateway, 3)
    assert set(lines) == {("GET", "/users/1", "---", "failed: cannot be reached: connection refused")}


def test_a_malformed_request_has_a_line(recorded: Understudy, api: str) -> None:
    for arguments in (("gateway", "--upstream", api), ("mock", "shop")):
        with recorded.serving(*arguments) as gateway:
            with socket.create_connection(("127.0.0.1", gateway.port), PATIENCE_SECONDS) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
                assert b" 400 " in client.recv(65_536)
            [line] = read_lines(gateway, 1)
            assert line[:3] == ("-", "-", "400")
            assert line[3].startswith("refused, ")


def test_quiet_shows_no_call(recorded: Understudy) -> None:
    with recorded.serving("mock", "shop", "-q") as gateway:
        ask(gateway, "/users/1", "/nothing/like/it")
    assert not LINE.findall(gateway.log)


def test_quiet_and_verbose_exclude_each_other(recorded: Understudy) -> None:
    assert "give --quiet or --verbose, not both" in recorded.mistake("mock", "shop", "-q", "-v")


def test_programs_get_json(recorded: Understudy, api: str, tmp_path: Path) -> None:
    for name, arguments in {"mock": ("mock", "shop"), "record": ("record", "-s", "json", "--upstream", api)}.items():
        file = tmp_path / name
        with recorded.serving(*arguments, "-q", "--json-log", file) as gateway:
            ask(gateway, "/users/1")
        calls = [json.loads(line) for line in file.read_text().splitlines()]
        assert {(one["path"], one["status"]) for one in calls} == {("/users/1", 200)}
        assert {one["result"] for one in calls} == {"answered" if name == "mock" else "recorded"}
        assert {one["entry"] is None for one in calls} == {name == "mock"}
        assert len(calls) == 3


GET = "import os, urllib.request as r, sys; [r.urlopen(os.environ['UNDERSTUDY_URL'] + path) for path in sys.argv[1:]]"
TRY = f"try:\n exec({GET!r})\nexcept OSError: pass"


@pytest.mark.parametrize(
    ("options", "script", "path", "code"),
    [
        ((), TRY, "/users/1", 0),
        ((), TRY, "/nothing/like/it?page=2", 3),
        (("--allow-misses",), TRY, "/nothing/like/it?page=2", 0),
        ((), GET, "/nothing/like/it?page=2", 1),
    ],
)
def test_a_mock_of_a_command_ends_with_its_misses(
    recorded: Understudy, options: tuple[str, ...], script: str, path: str, code: int
) -> None:
    """As a replay does: exit code 3 if the command succeeded, unless misses are allowed."""
    done = recorded.complete("mock", "shop", *options, "--", "python3", "-c", script, path)
    shown = done.stderr.decode()
    assert done.returncode == code, shown
    assert done.stdout == b""
    if path != "/users/1":
        assert "understudy: collection shop had no answer to 1 request:\n" in shown
        assert re.search(r'^  GET /nothing/like/it\?page=2: nearest is "GET /users/1 - 200" \(', shown, re.MULTILINE)
    assert ("had no answer" in shown) is (path != "/users/1")


def test_json_of_a_command_goes_to_a_file(recorded: Understudy, tmp_path: Path) -> None:
    """Standard output belongs to the command."""
    command = ("--", "python3", "-c", GET, "/users/1")
    assert "standard output belongs to the command" in recorded.mistake("mock", "shop", "--json-log", "-", *command)
    recorded.run("mock", "shop", "--json-log", tmp_path / "calls", *command)
    assert json.loads((tmp_path / "calls").read_text())["path"] == "/users/1"
