"""Chunk sizes that are padded with spaces: curl takes them, so a gateway passes them on and replays them."""

from __future__ import annotations

import subprocess
from http.server import BaseHTTPRequestHandler

import pytest

from tests.programs import Understudy, free_port, upstream

PADDED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5     \r\nhello\r\n6\t;a=b\r\n world\r\n0   \r\n\r\n"
AMBIGUOUS = PADDED.replace(b"5     ", b"5    6")


def pad(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(PADDED if handler.path == "/padded" else AMBIGUOUS)
    handler.close_connection = True


def curl(url: str, *options: str) -> str:
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--write-out", " %{http_code}", *options, url]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout


@pytest.mark.parametrize("mode", ["pass", "record"])
def test_padded_sizes_come_through(understudy: Understudy, mode: str) -> None:
    port = free_port()
    command = ("gateway", "--mode", mode, "--upstream", f"http://127.0.0.1:{port}")
    with upstream(pad, port), understudy.serving(*command, *(("-s", "pads") if mode == "record" else ())) as gateway:
        assert curl(f"{gateway.url}/padded") == "hello world 200"
        assert curl(f"{gateway.url}/ambiguous").endswith(" 502")


def test_what_came_with_padded_sizes_is_replayed(understudy: Understudy) -> None:
    port = free_port()
    with (
        upstream(pad, port),
        understudy.serving("record", "--upstream", f"http://127.0.0.1:{port}", "-s", "pads") as gateway,
    ):
        assert curl(f"{gateway.url}/padded") == "hello world 200"
    with understudy.serving("replay", "pads") as gateway:
        assert curl(f"{gateway.url}/padded") == "hello world 200"
