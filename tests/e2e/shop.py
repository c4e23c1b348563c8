"""The sample API of these tests, and one recording of it."""

from __future__ import annotations

import itertools
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

from tests.programs import Understudy, answer

TOKEN = "tok-51f2b9d07c3e8a64"
COOKIE = "sid-77aa"
PASSWORD = "hunter2"
LOGO = bytes(range(256))
JSON = "application/json"

# What is called, in this order; the last one has no answer. History numbers them from 1.
CALLS = (
    ("GET", "/users/1", b""),
    ("GET", "/users/1", b""),
    ("GET", "/users/2", b""),
    ("GET", "/orders/next", b""),
    ("GET", "/orders/next", b""),
    ("GET", f"/logo.bin?api_key={TOKEN}", b""),
    ("POST", "/login", json.dumps({"user": "ada", "password": PASSWORD}).encode()),
    ("GET", "/missing", b""),
    ("GET", "/broken", b""),
)
FAILED = len(CALLS)


def shop_api() -> Callable[[BaseHTTPRequestHandler], None]:
    """Users who stay the same, orders that count, an image, a login, and one path that closes the connection."""
    orders = itertools.count(1)

    def handle(handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0]
        if path.startswith("/users/"):
            answer(handler, json.dumps({"id": int(path[7:]), "name": "Ada"}).encode(), Content_Type=JSON)
        elif path == "/orders/next":
            answer(handler, json.dumps({"order": next(orders)}).encode(), Content_Type=JSON)
        elif path == "/logo.bin":
            answer(handler, LOGO, Content_Type="application/octet-stream")
        elif path == "/login":
            shown = json.dumps({"access_token": TOKEN}).encode()
            answer(handler, shown, Content_Type=JSON, Set_Cookie=f"sid={COOKIE}; Path=/")
        elif path == "/broken":
            handler.close_connection = True
            handler.connection.close()
        else:
            answer(handler, b"nothing here", 404, Content_Type="text/plain")

    return handle


def call(url: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """Status and body of one answer; proxies of the environment are not asked."""
    request = urllib.request.Request(url, body or None, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def record(understudy: Understudy, url: str, *calls: tuple[str, str, bytes]) -> None:
    """Make these calls through a gateway that records them to the session "shop"."""
    with understudy.serving("record", "--upstream", url, "--session", "shop") as gateway:
        for method, target, body in calls:
            call(f"{gateway.url}{target}", method, body, Authorization=f"Bearer {TOKEN}")
