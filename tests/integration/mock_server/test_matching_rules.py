"""The rules of matching through real sockets: recorded, promoted, authored and mocked by the command line."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.e2e.inside import Inside
from tests.programs import Serving, Understudy, answer, upstream, wait_for

pytestmark = pytest.mark.once


@pytest.fixture
def understudy(tmp_path: Path) -> Understudy:
    """The command line on a fresh store, most of it run here: so many commands would take long."""
    return Inside(tmp_path)


def send(gateway: Serving, line: bytes, *fields: bytes, body: bytes = b"") -> tuple[int, bytes]:
    """Send one request on a connection of its own, byte for byte; return status and body."""
    head = [line + b" HTTP/1.1", b"Host: api.test", b"Connection: close", *fields]
    if body:
        head.append(b"Content-Length: %d" % len(body))
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(b"\r\n".join([*head, b"", body]))
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head_of_answer, _, content = received.partition(b"\r\n\r\n")
    return int(head_of_answer.split()[1]), content


@contextmanager
def mocking(understudy: Understudy, collection: str) -> Iterator[Serving]:
    """Mock a collection behind a gateway."""
    with understudy.serving("mock", collection) as gateway:
        yield gateway


def test_raw_utf_8_equals_its_escape(understudy: Understudy) -> None:
    """A target with raw UTF-8, as curl sends it, is answered as the escaped one."""
    understudy.run("collections", "create", "shop")
    understudy.run("examples", "add", "shop", "GET /caf\u00e9@home", "--body", "coffee")
    with mocking(understudy, "shop") as gateway:
        assert send(gateway, b"GET /caf\xc3\xa9@home") == (200, b"coffee")
        assert send(gateway, b"GET /caf%C3%A9%40home") == (200, b"coffee")


def test_head_is_answered_by_the_exact_get(understudy: Understudy) -> None:
    """A loose example of HEAD does not beat the exact one of GET."""
    understudy.run("collections", "create", "shop")
    understudy.run("examples", "add", "shop", "HEAD /files/{{name}}", "--status", "404")
    understudy.run("examples", "add", "shop", "GET /files/a", "--body", "a")
    with mocking(understudy, "shop") as gateway:
        assert send(gateway, b"HEAD /files/a")[0] == 200
        assert send(gateway, b"HEAD /files/b")[0] == 404


def test_an_empty_variable_stays_a_wildcard(understudy: Understudy) -> None:
    """A variable that waits for its value takes no part out of a path."""
    understudy.run("collections", "create", "shop", "--variable", "id=")
    understudy.run("examples", "add", "shop", "GET /users/{{id}}", "--body", "ada")
    with mocking(understudy, "shop") as gateway:
        assert send(gateway, b"GET /users/7") == (200, b"ada")
        assert send(gateway, b"GET /users/")[0] == 404


def echo(handler: BaseHTTPRequestHandler) -> None:
    """Answer with the target."""
    answer(handler, handler.path.encode())


def test_order_of_repeated_values(understudy: Understudy) -> None:
    """Recorded both ways, each is answered as itself: in replay, where the order is compared, and in mock."""
    one, other, third = (b"/list?sort=" + order for order in (b"a&sort=b", b"b&sort=a", b"a&sort=b&q=1"))
    with upstream(echo) as url, understudy.serving("record", "--upstream", url, "-s", "lists") as gateway:
        assert [send(gateway, b"GET " + target)[1] for target in (one, other)] == [one, other]
    with understudy.serving("replay", "lists") as gateway:
        assert [send(gateway, b"GET " + target)[1] for target in (other, one, other)] == [other, one, other]
        assert send(gateway, b"GET " + third)[0] == 404
    understudy.run("promote", "--session", "lists", "--to", "lists")
    with mocking(understudy, "lists") as gateway:
        assert [send(gateway, b"GET " + target)[1] for target in (other, one, one)] == [other, one, one]


BY_IDS = "GET /users/7: GET /users/1 - 200 (path without ids, score 89)"


def record_user(understudy: Understudy) -> None:
    """A collection `shop` with one recorded example, `GET /users/1 - 200`."""
    with (
        upstream(lambda handler: answer(handler, b"Ada")) as url,
        understudy.serving("record", "--upstream", url, "-s", "shop") as gateway,
    ):
        send(gateway, b"GET /users/1")
    understudy.run("promote", "--session", "shop", "--to", "shop")


def test_a_recorded_path_is_found_by_ids_only_if_that_is_asked_for(understudy: Understudy) -> None:
    """Whatever else its collection holds; the miss names the ways, and an answer by ids is a warning in the log."""
    record_user(understudy)
    understudy.run("examples", "add", "shop", "GET /orders/1", "--body", "one")
    with mocking(understudy, "shop") as gateway:
        status, content = send(gateway, b"GET /users/7")
        error = json.loads(content)["error"]
        assert (status, error["hint"]["action"], error["hint"]["path"]) == (404, "find_by_ids", "/users/{{id}}")
        assert send(gateway, b"GET /orders/7") == (200, b"one")
        wait_for(lambda: "ids would find" in gateway.log and "W mock GET /orders/7: " in gateway.log)
    with understudy.serving("mock", "shop", "--ids", "--no-distance") as gateway:
        assert send(gateway, b"GET /users/7?key=k3y") == (200, b"Ada")
        assert send(gateway, b"GET /orders/one")[0] == 404
        wait_for(lambda: f"W mock {BY_IDS.replace('89', '69')}" in gateway.log)
        assert "k3y" not in gateway.log
    understudy.run("examples", "set", "GET /users/1 - 200", "--path", "/users/{{id}}")
    with mocking(understudy, "shop") as gateway:
        assert send(gateway, b"GET /users/ann") == (200, b"Ada")
        assert " W " not in gateway.log


def test_a_mock_server_logs_its_answers_by_ids(understudy: Understudy) -> None:
    """On its terminal, because its call log is read later."""
    record_user(understudy)
    understudy.run("mocks", "create", "users", "--collection", "shop", "--ids")
    with understudy.mocks_serving("users") as served:
        assert send(served, b"GET /users/7") == (200, b"Ada")
        wait_for(lambda: f"W mock server users, {BY_IDS}" in served.log)
