"""One request at a time, to see that a server gives the right answers: error pages are not measured."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from bench.load.pairs import Pair

# Loading 10,000 paths keeps some peers busy for a while after they began to listen.
TIMEOUT_SECONDS = 30.0


def answers(url: str, pair: Pair) -> bool:
    """Whether a server is up and gives the right answer, asked once."""
    try:
        with connected(url) as connection:
            return ask(connection, pair)
    except (OSError, http.client.HTTPException):
        return False


def check(url: str, pairs: Sequence[Pair]) -> None:
    """Raises RuntimeError for the first answer that is not the right one."""
    with connected(url) as connection:
        for pair in pairs:
            if not ask(connection, pair):
                raise RuntimeError(f"wrong answer to {pair.method} {pair.target} {pair.body}")


@contextmanager
def connected(url: str) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server; certificates are not looked at."""
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


def ask(connection: http.client.HTTPConnection, pair: Pair) -> bool:
    """Whether the answer is a 200 with the JSON that is expected."""
    status, body = answer_to(connection, pair)
    try:
        return status == 200 and json.loads(body) == json.loads(pair.answer)
    except ValueError:
        return False


def answer_to(connection: http.client.HTTPConnection, pair: Pair) -> tuple[int, bytes]:
    """Status and body of the answer."""
    fields = {"Content-Type": "application/json"} if pair.body else {}
    connection.request(pair.method, pair.target, body=pair.body or None, headers=fields)
    response = connection.getresponse()
    return response.status, response.read()


def seconds_until(url: str, pair: Pair, *, within: float) -> float:
    """How long it takes until the answer is this one, asked every millisecond; raises RuntimeError when it does not."""
    begun = time.perf_counter()
    with connected(url) as connection:
        while not ask(connection, pair):
            if time.perf_counter() - begun > within:
                raise RuntimeError(f"{pair.target} was not answered anew within {within} s")
            time.sleep(0.001)
    return time.perf_counter() - begun
