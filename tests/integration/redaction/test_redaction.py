"""Recorded with --redact, no secret reaches the disk, and the replay answers clients that send others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.inside import Inside
from tests.integration.recording.test_websockets import TIMEOUT, chatting, talking
from tests.programs import Serving, Understudy, answer, upstream

pytestmark = pytest.mark.once

PASSWORD = "hunter2-and-more"
TOKEN = "a1B2c3D4e5F6g7H8i9J0"
COOKIE = "c0okie-of-the-session"
CARD = "4111111111111111"
KEY = "sk-" + "a1B2c3D4e5" * 3
SECRETS = (PASSWORD, TOKEN, COOKIE, CARD, KEY)


@pytest.fixture
def understudy(tmp_path: Path) -> Understudy:
    """The command line on a fresh store, most of it run here: so many commands would take long."""
    return Inside(tmp_path)


def api(handler: BaseHTTPRequestHandler) -> None:
    """A login that gives a token, and what asks for that token by header, query and path."""
    path = urlsplit(handler.path).path
    if path == "/login":
        body = {"access_token": TOKEN, "user": {"card": CARD}, "note": f"use {KEY}"}
        answer(handler, json.dumps(body).encode(), Content_Type="application/json", Set_Cookie=f"sid={COOKIE}; Path=/")
    else:
        answer(handler, f"{handler.command} {len(handler.path)}".encode(), Content_Type="text/plain")


@dataclass(frozen=True)
class Client:
    """Logs in with a password, and sends on what it got."""

    url: str
    password: str = PASSWORD
    key: str = KEY

    def login(self) -> httpx.Response:
        return httpx.post(f"{self.url}/login", data={"user": "ann", "password": self.password}, trust_env=False)

    def calls(self, token: str) -> list[tuple[int, str]]:
        asked = [
            httpx.get(f"{self.url}/me", headers={"Authorization": f"Bearer {token}"}, trust_env=False),
            httpx.get(f"{self.url}/files", params={"at": token, "page": 2}, trust_env=False),
            httpx.get(f"{self.url}/files/{token}/first", trust_env=False),
            httpx.get(f"{self.url}/keys/{self.key}/x", trust_env=False),
            httpx.post(f"{self.url}/note", content=f"the key is {self.key}", trust_env=False),
            httpx.post(f"{self.url}/json", json={"card": {"pin": self.password}, "page": 1}, trust_env=False),
        ]
        return [(one.status_code, one.text) for one in asked]


@dataclass(frozen=True)
class Recording:
    """What a client got while it was recorded, and a replay of that."""

    understudy: Understudy
    replay: Serving
    got: list[tuple[int, str]]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    """Recorded with rules of the store beside what is built in; the API is gone when it is replayed."""
    understudy = Understudy(tmp_path_factory.mktemp("redaction"))
    understudy.run("redaction", "add", "--json-path", "$.user.card", "--json-path", "$..pin")
    with (
        upstream(api) as url,
        understudy.serving("record", "--upstream", url, "-s", "shop", "--redact", "-v") as gateway,
    ):
        client = Client(gateway.url)
        assert client.login().json()["access_token"] == TOKEN  # the client gets what came
        got = client.calls(TOKEN)
        assert re.search(r"POST +/login +200 ", gateway.log)
        assert [secret for secret in SECRETS if secret in gateway.log] == []
    with understudy.serving("replay", "shop") as gateway:
        yield Recording(understudy, gateway, got)


def test_no_secret_is_on_the_disk(recording: Recording) -> None:
    kept = b"".join(path.read_bytes() for path in recording.understudy.home.glob("understudy.db*"))
    assert b"access_token" in kept
    assert [secret for secret in SECRETS if secret.encode() in kept] == []


def test_a_client_that_sends_on_what_it_gets_is_answered(recording: Recording) -> None:
    client = Client(recording.replay.url)
    came = client.login()
    assert came.json()["access_token"].startswith("REDACTED-")
    assert client.calls(came.json()["access_token"]) == recording.got


def test_a_client_with_other_secrets_is_answered(recording: Recording) -> None:
    """Only in a path a token without a form of its own cannot be recognised."""
    other = Client(recording.replay.url, "another password", "sk-" + "Z9y8X7w6V5" * 3)
    assert other.login().status_code == 200
    assert other.calls("z9Y8x7W6v5U4t3S2r1Q0") == recording.got


def test_what_is_no_secret_counts(recording: Recording) -> None:
    with httpx.Client(base_url=recording.replay.url, trust_env=False) as client:
        assert client.get("/files", params={"at": "x", "page": 3}).status_code == 404
        assert client.post("/json", json={"card": {"pin": "x"}, "page": 2}).status_code == 404
        assert client.post("/note", content=f"this key is {KEY}").status_code == 404


def test_the_same_secret_has_the_same_placeholder_in_the_whole_session(recording: Recording) -> None:
    entries = [recording.understudy.json("history", "show", n) for n in range(1, 8)]
    token = json.loads(entries[0]["response"]["body"])["access_token"]
    assert ["Authorization", f"Bearer {token}"] in [[a.title(), b] for a, b in entries[1]["request"]["headers"]]
    assert f"at={token}" in entries[2]["url"]
    assert f"/files/{token}/first" in entries[3]["url"]


def test_promoted_it_answers_too(recording: Recording, tmp_path: Path) -> None:
    """A collection of it takes other secrets as the session does."""
    recording.understudy.run("promote", "--session", "shop", "--to", "shop")
    with recording.understudy.serving("mock", "shop") as gateway:
        other = Client(gateway.url, "another password", "sk-" + "Z9y8X7w6V5" * 3)
        assert other.login().status_code == 200
        assert other.calls("z9Y8x7W6v5U4t3S2r1Q0") == recording.got


def test_what_is_said_on_a_websocket_loses_its_secrets_too(tmp_path: Path) -> None:
    """And is answered when a client sends the same with others."""
    understudy = Understudy(tmp_path)
    printed = ['{{"pin": "{}", "n": 1}}', "the key is sk-{}", "bye"]

    def answers(gateway: Serving, secret: str) -> list[str]:
        with chatting(gateway, f"/talk?pin={secret}") as client:
            received = [str(client.recv(TIMEOUT))]
            for text in printed:
                client.send(text.format(secret))
                received.append(str(client.recv(TIMEOUT)))
            return received

    first, other = "a1B2c3D4e5F6g7H8i9J0k", "Z9y8X7w6V5u4T3s2R1q0P"
    with talking() as url, understudy.serving("record", "--upstream", url, "-s", "talk", "--redact") as gateway:
        assert answers(gateway, first)[1:] == [text.format(first) for text in printed]
    assert not any(first.encode() in path.read_bytes() for path in tmp_path.glob("understudy.db*"))
    with understudy.serving("replay", "talk") as gateway:
        received = answers(gateway, other)
    assert received[0] == "hello"
    assert received[1].startswith('{"pin": "REDACTED-')
    assert received[2].startswith("the key is REDACTED-")
    assert received[3] == "bye"


def test_a_large_body_is_redacted_and_one_that_comes_in_pieces_is_told(tmp_path: Path) -> None:
    understudy = Understudy(tmp_path)
    sizes = {"/large": 1_500_000, "/huge": 1_700_000}

    def large(handler: BaseHTTPRequestHandler) -> None:
        answer(handler, b'{"token": "%s", "x": "%s"}' % (TOKEN.encode(), b"x" * sizes[handler.path]))

    options = ("-s", "large", "--redact", "--large-body", "1600000")
    with upstream(large) as url, understudy.serving("record", "--upstream", url, *options) as gateway:
        for path in sizes:
            assert TOKEN in httpx.get(f"{gateway.url}{path}", trust_env=False).text
        assert "secrets were not looked for in the response's body of 17000" in gateway.log
    redacted, shown = (understudy.json("history", "show", number, "--secrets") for number in (1, 2))
    assert TOKEN not in redacted["response"]["body"]
    assert redacted["degraded"] == ""
    assert "secrets were not looked for" in shown["degraded"]
