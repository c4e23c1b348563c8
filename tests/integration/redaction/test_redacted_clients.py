"""Clients that use what an API answers are answered when the API is gone, though every secret is redacted."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from tests.programs import Serving, Understudy, answer, upstream

pytestmark = pytest.mark.once

HOUR = 3600
TOKEN = "k9Xq2mZr7Lw4TbV8"
PASSWORD = "tr0ub4dor-and-3"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQm9ZbT2xL"
SESSION_TOKEN = "FwoGZXIvYXdzEJrKq3xV8mZ2rTw6LbNp0Zx9bQ2m"
FIRST_PAGE, SECOND_PAGE = "f/Zx9bQ2mT7pLk4VnR8sWc1A", "f/Qm9ZbT2xLk7VnR4sWc8Ab7"
PIECE = "Kq3xV8mZ2rTw6LbNp0"
SIGNATURE = "c2lnbmF0dXJlLW9mLWJ5dGVz"
SECRETS = (TOKEN, PASSWORD, SECRET_KEY, SESSION_TOKEN, SIGNATURE)
JSON, XML = "application/json", "text/xml"
COMPARE_BODY = {"x-mock-match-request-body": "true"}
LOGIN = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><UsernameToken><Username>ann</Username>'
    "<Password>{}</Password></UsernameToken></s:Header><s:Body><GetQuote><Symbol>{}</Symbol></GetQuote></s:Body></s:Envelope>"
)


def make_token(issued: int) -> str:
    """Return a JSON Web Token that is valid for five minutes."""
    parts = ({"alg": "HS256"}, {"sub": "ann", "iat": issued, "exp": issued + 300})
    encoded = (urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return ".".join((*encoded, SIGNATURE))


def read_expiry(token: str) -> int:
    claims = token.split(".")[1]
    return int(json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])


KEYS = (
    "<AssumeRoleResponse><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLF</AccessKeyId>"
    f"<SecretAccessKey>{SECRET_KEY}</SecretAccessKey><SessionToken>{SESSION_TOKEN}</SessionToken>"
    "<Expiration>2031-11-09T13:34:41Z</Expiration></Credentials></AssumeRoleResponse>"
)
PIECES = {"content": [{"token": PIECE, "logprob": -0.3}, {"token": " there", "logprob": -1.5}]}
FIXED: dict[str, tuple[str, object]] = {
    "/sts": (XML, KEYS),
    "/bucket": ("text/plain", "a.txt"),
    "/notification": (JSON, {"Message": json.dumps({"user": "ann", "password": PASSWORD, "n": 7})}),
    "/express": (JSON, {"name": "express", "dependencies": {"cookie": "1.0.2"}}),
    "/cookie/1.0.2": ("text/plain", "the package"),
    "/chat": (JSON, {"choices": [{"logprobs": PIECES}]}),
}


def api(handler: BaseHTTPRequestHandler) -> None:
    """An API in the shapes of several, whose clock is an hour slow: its answers seem to be an hour old."""
    url = urlsplit(handler.path)
    query = dict(parse_qsl(url.query))
    setattr(handler, "date_time_string", lambda: formatdate(time() - HOUR, usegmt=True))  # noqa: B010
    if url.path in FIXED:
        kind, body = FIXED[url.path]
        answer(handler, (body if isinstance(body, str) else json.dumps(body)).encode(), Content_Type=kind)
    elif url.path == "/projects":
        page = int(query["page"])
        following = f"http://{handler.headers['Host']}/projects?private_token={TOKEN}&page={page + 1}"
        listed = json.dumps({"page": page, "next": following if page < 3 else None}).encode()
        answer(handler, listed, Content_Type=JSON, Link=f'<{following}>; rel="next"')
    elif url.path == "/events":
        after = {None: FIRST_PAGE, FIRST_PAGE: SECOND_PAGE}.get(query.get("nextToken"))
        events = {"events": [query.get("nextToken", "begin")[-3:]], "nextForwardToken": after}
        answer(handler, json.dumps(events).encode(), Content_Type=JSON)
    elif url.path == "/token":
        answer(handler, json.dumps({"id_token": make_token(int(time()) - HOUR)}).encode(), Content_Type=JSON)
    else:
        answer_echo(handler)


def answer_echo(handler: BaseHTTPRequestHandler) -> None:
    """Send back the form, or the symbol of which a quote is asked."""
    sent = handler.rfile.read(int(handler.headers["Content-Length"]))
    handler.headers.replace_header("Content-Length", "0")
    symbol = re.search(rb"<Symbol>(\w+)", sent)
    answer(handler, b"<Price>%s</Price>" % symbol[1] if symbol else sent, Content_Type=XML if symbol else "text/plain")


@dataclass
class Client:
    """A client that goes where answers lead it. `seen` has all that it received."""

    url: str
    token: str = TOKEN
    password: str = PASSWORD
    seen: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, **arguments: object) -> httpx.Response:
        url = path if path.startswith("http") else self.url + path
        response = httpx.request(method, url, trust_env=False, **arguments)  # type: ignore[arg-type]
        assert response.status_code == 200, response.text
        self.seen += [str(response.headers), response.text]
        return response

    def use_temporary_keys(self) -> tuple[str, str]:
        keys = self.ask("POST", "/sts", data={"Action": "AssumeRole", "Token": self.token}).text
        session = re.search("<SessionToken>([^<]+)", keys)
        expiration = re.search("<Expiration>([^<]+)", keys)
        assert session
        assert expiration
        return expiration[1], self.ask("GET", "/bucket", headers={"X-Amz-Security-Token": session[1]}).text

    def read_notification(self) -> object:
        message = json.loads(self.ask("GET", "/notification").json()["Message"])
        return {name: value for name, value in message.items() if name != "password"}

    def follow_pages(self) -> list[int]:
        body = self.ask("GET", f"/projects?private_token={self.token}&page=1").json()
        pages = [body["page"]]
        while body["next"]:
            url = urlsplit(body["next"])  # the host of the API stays in a body
            body = self.ask("GET", f"{url.path}?{url.query}").json()
            pages.append(body["page"])
        return pages

    def follow_link(self) -> int:
        first = self.ask("GET", f"/projects?private_token={self.token}&page=1")
        return int(self.ask("GET", str(first.links["next"]["url"])).json()["page"])

    def read_echo(self) -> object:
        form = {"user": "ann", "password": self.password, "city": "Graz"}
        return [pair for pair in parse_qsl(self.ask("POST", "/echo", data=form).text) if pair[0] != "password"]

    def read_events(self) -> list[str]:
        events: list[str] = []
        query = ""
        while True:
            body = self.ask("GET", f"/events{query}").json()
            events += body["events"]
            if body["nextForwardToken"] is None:
                return events
            query = f"?{urlencode({'nextToken': body['nextForwardToken']})}"

    def install(self) -> str:
        [(name, version)] = self.ask("GET", "/express").json()["dependencies"].items()
        return self.ask("GET", f"/{name}/{version}").text

    def read_pieces(self) -> list[str]:
        return [one["token"] for one in self.ask("POST", "/chat", json={}).json()["choices"][0]["logprobs"]["content"]]

    def ask_quotes(self) -> list[str]:
        bodies = [LOGIN.format(self.password, symbol) for symbol in ("AAA", "BBB")]
        fields = COMPARE_BODY | {"Content-Type": XML}
        return [self.ask("POST", "/quote", content=body, headers=fields).text for body in bodies]


@dataclass(frozen=True)
class Recorded:
    """A store, the logs of the gateways on it so far, and a gateway that answers from it."""

    understudy: Understudy
    gateway: Serving


Task = Callable[[Client], object]
TASKS: tuple[Task, ...] = (
    Client.use_temporary_keys,
    Client.read_notification,
    Client.follow_pages,
    Client.follow_link,
    Client.read_echo,
    Client.read_events,
    Client.install,
    Client.read_pieces,
    Client.ask_quotes,
)
EXPECTED: dict[str, object] = {
    "use_temporary_keys": ("2031-11-09T13:34:41Z", "a.txt"),
    "read_notification": {"user": "ann", "n": 7},
    "follow_pages": [1, 2, 3],
    "follow_link": 2,
    "read_echo": [("user", "ann"), ("city", "Graz")],
    "read_events": ["gin", FIRST_PAGE[-3:], SECOND_PAGE[-3:]],
    "install": "the package",
    "read_pieces": [PIECE, " there"],
    "ask_quotes": ["<Price>AAA</Price>", "<Price>BBB</Price>"],
}


def record(understudy: Understudy, *options: str) -> None:
    with upstream(api) as url, understudy.serving("record", "--upstream", url, "-s", "s", "-v", *options) as gateway:
        client = Client(gateway.url)
        assert {task.__name__: task(client) for task in TASKS} == EXPECTED
        assert [secret for secret in SECRETS if not any(secret in text for text in client.seen)] == [SIGNATURE]
        client.ask("GET", "/token")
        assert [secret for secret in SECRETS if secret in gateway.log] == []


@pytest.fixture(scope="module", params=["replay", "mock"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """A session that was recorded with --redact and is replayed; one that was promoted and is mocked."""
    understudy = Understudy(tmp_path_factory.mktemp(request.param))
    if request.param == "replay":
        record(understudy, "--redact")
    else:
        record(understudy)
        understudy.run("promote", "--session", "s", "--to", "s")
    with understudy.serving(request.param, "s", "-v") as gateway:
        yield Recorded(understudy, gateway)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
@pytest.mark.parametrize(("token", "password"), [(TOKEN, PASSWORD), ("Zx9bQ2mT7pLk4VnR", "another")])
def test_a_client_is_answered_as_by_the_api(recorded: Recorded, task: Task, token: str, password: str) -> None:
    """Whatever its own secrets are."""
    client = Client(recorded.gateway.url, token, password)
    assert task(client) == EXPECTED[task.__name__]
    assert [secret for secret in SECRETS if any(secret in text for text in client.seen)] == []
    assert [secret for secret in SECRETS if secret in recorded.gateway.log] == []


def test_another_harmless_value_is_another_request(recorded: Recorded) -> None:
    form = {"user": "bob", "password": PASSWORD, "city": "Graz"}
    login = LOGIN.format(PASSWORD, "CCC")
    with httpx.Client(base_url=recorded.gateway.url, headers=COMPARE_BODY, trust_env=False) as client:
        assert client.post("/echo", data=form).status_code == 404
        assert client.post("/quote", content=login, headers={"Content-Type": XML}).status_code == 404


def test_a_token_that_has_expired_since_is_valid_again(recorded: Recorded) -> None:
    token = Client(recorded.gateway.url).ask("GET", "/token").json()["id_token"]
    assert time() < read_expiry(token) <= time() + 300


def test_without_moved_dates_the_token_has_expired(recorded: Recorded) -> None:
    with recorded.understudy.serving("replay", "s", "--no-shift-dates") as gateway:
        body = Client(gateway.url).ask("GET", "/token").json()
    assert read_expiry(body["id_token"]) < time() - HOUR + 301


def test_no_secret_is_stored(tmp_path: Path) -> None:
    understudy = Understudy(tmp_path)
    record(understudy, "--redact")
    understudy.run("promote", "--session", "s", "--to", "s")
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("understudy.db*"))
    assert PIECE.encode() in kept
    assert [secret for secret in SECRETS if secret.encode() in kept] == []
