"""A client for single requests that checks answers, so that no benchmark measures error pages."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from bench.load.pairs import Pair

# Some peers are busy with loading 10,000 paths for a while after they began to listen.
TIMEOUT_SECONDS = 30.0


def has_right_answer(url: str, pair: Pair) -> bool:
    """Return whether a server gives the right answer to one request."""
    try:
        with connect(url) as connection:
            return is_answered(connection, pair)
    except (OSError, http.client.HTTPException):
        return False


def check_answers(url: str, pairs: Sequence[Pair]) -> None:
    """Send all requests; raise RuntimeError at the first wrong answer."""
    with connect(url) as connection:
        for pair in pairs:
            if not is_answered(connection, pair):
                raise RuntimeError(f"wrong answer to {pair.method} {pair.target} {pair.body}")


@contextmanager
def connect(url: str) -> Iterator[http.client.HTTPConnection]:
    """Open a connection to a server; its certificate is not verified."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    with closing(connection):
        yield connection


def is_answered(connection: http.client.HTTPConnection, pair: Pair) -> bool:
    """Return whether the answer is a 200 with the expected JSON."""
    status, body = send(connection, pair)
    try:
        return status == 200 and json.loads(body) == json.loads(pair.answer)
    except ValueError:
        return False


def send(connection: http.client.HTTPConnection, pair: Pair) -> tuple[int, bytes]:
    """Send a request; return the status and body of its answer."""
    fields = {"Content-Type": "application/json"} if pair.body else {}
    connection.request(pair.method, pair.target, body=pair.body or None, headers=fields)
    response = connection.getresponse()
    return response.status, response.read()


def wait_for_answer(url: str, pair: Pair, *, within: float) -> float:
    """Send a request each millisecond; return the seconds until the answer is right.

    Raises RuntimeError after `within` seconds.
    """
    begun = time.perf_counter()
    with connect(url) as connection:
        while not is_answered(connection, pair):
            if time.perf_counter() - begun > within:
                raise RuntimeError(f"{pair.target} had no new answer within {within} s")
            time.sleep(0.001)
    return time.perf_counter() - begun
