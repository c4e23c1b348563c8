"""Fields that would lead a client away: while recording, from a replay, and from a mock server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler
from time import time

import httpx
import pytest

from tests.programs import Serving, Understudy, answer, upstream, wait_for

MODES = ("record", "replay", "mock")


@contextmanager
def recorded(understudy: Understudy, url: str, mode: str, *targets: str) -> Iterator[Serving]:
    """A gateway or mock server with recordings of these targets; in record mode the gateway that records them."""
    with understudy.serving("record", "--upstream", url, "--session", "api") as gateway:
        if mode == "record":
            yield gateway
            return
        for target in targets:
            call(gateway, target)
    if mode == "replay":
        with understudy.serving("replay", "api") as gateway:
            yield gateway
        return
    understudy.run("promote", "--session", "api", "--to", "api", "--keep-secrets")
    understudy.run("mocks", "create", "api", "--collection", "api")
    with understudy.mocks_serving("api") as server:
        yield server


def call(serving: Serving, target: str, **headers: str) -> httpx.Response:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(f"{serving.url}{target}", headers=fields, trust_env=False, timeout=20.0)


@pytest.mark.parametrize("mode", MODES)
def test_urls_of_the_upstream_lead_to_the_gateway_or_mock_server(understudy: Understudy, mode: str) -> None:
    def handle(handler: BaseHTTPRequestHandler) -> None:
        root = f"http://{handler.headers['Host']}"
        link = f'<{root}/items?page=2>; rel="next"'
        answer(
            handler, b"[]", Link=link, Refresh=f"0; url={root}/x", Location=f"{root}/y", Operation_Location=f"{root}/z"
        )

    with upstream(handle) as url, recorded(understudy, url, mode, "/items") as serving:
        fields = call(serving, "/items").headers
    own = serving.url
    assert [fields["link"], fields["refresh"], fields["location"], fields["operation-location"]] == [
        f'<{own}/items?page=2>; rel="next"',
        f"0; url={own}/x",
        f"{own}/y",
        f"{own}/z",
    ]


@pytest.mark.parametrize("mode", MODES)
def test_cookies_that_require_tls_work_over_plain_http(understudy: Understudy, mode: str) -> None:
    """The upstream gets the cookie by the name that it gave, and history keeps that name."""

    def handle(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/login":
            answer(handler, b"in", Set_Cookie="__Host-sid=1; Path=/; Secure; HttpOnly; SameSite=None")
        else:
            answer(handler, (handler.headers["Cookie"] or "no cookie").encode())

    with upstream(handle) as url, recorded(understudy, url, mode, "/login", "/me") as serving:
        cookie = call(serving, "/login").headers["set-cookie"]
        answered = call(serving, "/me", Cookie="other=2; sid=1").text
    assert cookie == "sid=1; Path=/; HttpOnly"
    if mode == "record":
        assert answered == "other=2; __Host-sid=1"
        shown = understudy.json("history", "show", "1")
        assert ["Set-Cookie", "__Host-sid=REDACTED; Path=/; Secure; HttpOnly; SameSite=None"] in shown["response"][
            "headers"
        ]


def test_cookie_paths_are_below_the_mock_server(understudy: Understudy) -> None:
    understudy.run("mocks", "create", "other", "--request", "GET /y 200")
    understudy.run("mocks", "create", "shop", "--request", "GET /login 200")
    understudy.run(
        "examples",
        "add",
        "shop",
        "GET /in",
        "--header",
        "Set-Cookie: lang=en; Path=/api",
        "--header",
        "Location: /api/me",
    )
    with understudy.mocks_serving() as server:
        fields = call(server, "/mocks/shop/in").headers
    assert (fields["set-cookie"], fields["location"]) == ("lang=en; Path=/mocks/shop/api", "/mocks/shop/api/me")


def test_plain_bytes_are_not_labelled_as_compressed(understudy: Understudy) -> None:
    understudy.run("mocks", "create", "shop", "--request", "GET /x 200")
    claims = ("--header", "Content-Encoding: gzip", "--header", "Content-MD5: AAAA", "--header", "X-Own: 1")
    understudy.run("examples", "add", "shop", "GET /e", *claims, "--body", "hello")
    with understudy.mocks_serving("shop") as server, understudy.serving("mock", "shop") as gateway:
        answers = [call(serving, "/e", Accept_Encoding="gzip") for serving in (server, gateway)]
    for answered in answers:
        assert (answered.text, answered.headers["x-own"]) == ("hello", "1")
        assert not {"content-encoding", "content-md5"} & set(answered.headers)


def test_a_page_may_call_a_private_mock_server(understudy: Understudy) -> None:
    """Recorded were an API that allows another page, and its answer to the preflight."""
    other = ("--header", "Access-Control-Allow-Origin: https://other.test")
    understudy.run("mocks", "create", "shop", "--private", "--request", "GET /x 200")
    for line in ("OPTIONS /e", "GET /e"):
        understudy.run("examples", "add", "shop", line, *other)
    key = understudy.json("keys", "create", "page")["key"]
    page = {"Origin": "https://page.test"}
    asking = page | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key"}
    with understudy.mocks_serving("shop") as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        answers = [client.options("/e", headers=asking), client.get("/e", headers=page | {"x-api-key": key})]
    for answered in answers:
        assert answered.status_code == 200
        assert answered.headers["access-control-allow-origin"] == "https://page.test"
    assert answers[0].headers["access-control-allow-headers"] == "x-api-key"


@pytest.mark.parametrize("mode", ["replay", "mock"])
def test_dates_are_those_of_the_recording_moved_to_now(understudy: Understudy, mode: str) -> None:
    """The API's clock is at 1994, where a login is valid for a day."""

    def handle(handler: BaseHTTPRequestHandler) -> None:
        fields = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nSet-Cookie: a=1; Expires=Mon, 07 Nov 1994 08:49:37 GMT"
        handler.wfile.write(f"HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: 0\r\n\r\n".encode())

    with upstream(handle) as url, recorded(understudy, url, mode, "/login") as serving:
        before = int(time())
        answers = [call(serving, "/login")]
        answered = int(time())  # perhaps a second later
        wait_for(lambda: int(time()) > answered)
        answers.append(call(serving, "/login"))
    dates = [parsedate_to_datetime(one.headers["date"]) for one in answers]
    assert before <= dates[0].timestamp() < dates[1].timestamp() <= time()
    expiry = answers[0].headers["set-cookie"].partition("Expires=")[2]
    assert parsedate_to_datetime(expiry) - dates[0] == timedelta(days=1)


@pytest.mark.parametrize("mode", ["replay", "mock"])
def test_a_whole_answer_serves_ranges_and_preconditions(understudy: Understudy, mode: str) -> None:
    """Recorded is one download without either."""

    def handle(handler: BaseHTTPRequestHandler) -> None:
        answer(handler, b"0123456789", ETag='"v1"')

    with upstream(handle) as url, recorded(understudy, url, mode, "/file") as serving:
        parts = [call(serving, "/file", Range=value) for value in ("bytes=5-9", "bytes=0-4", "bytes=10-")]
        statuses = [call(serving, "/file", **{name: '"v1"'}).status_code for name in ("If_None_Match", "If_Match")]
        changed, whole = call(serving, "/file", If_Match='"v2"'), call(serving, "/file")
    assert [(one.status_code, one.text) for one in parts] == [(206, "56789"), (206, "01234"), (416, "")]
    assert parts[0].headers["content-range"] == "bytes 5-9/10"
    assert [*statuses, changed.status_code, whole.status_code] == [304, 200, 412, 200]
