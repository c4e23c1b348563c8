"""Recorded exchanges of varied hosts, paths, methods, statuses, media types and sessions; the same in every run."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench.load.pairs import SEED
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.messages import Headers, Origin, Request, Response

# Seconds since the epoch: 2026-01-01. One exchange starts in each second.
FIRST = 1_767_225_600.0
JSON, HTML, IMAGE = "application/json", "text/html; charset=utf-8", "image/png"
# Only the exchange in the middle has these, the text in its path and body.
RARE_METHOD, RARE_STATUS, RARE_TYPE = "PROPFIND", 418, "application/vnd.example.rare+json"
RARE_HOST, RARE_PATH, RARE_TEXT = "rare.example.com", "/rare/quince-marmalade", "quince-marmalade"
# Many exchanges have these, the text in their paths or bodies.
COMMON_HOST, COMMON_TEXT = "api.example.com", "green-tea"

HOSTS = {COMMON_HOST: 70, "www.example.com": 15, "auth.example.com": 8, "cdn.example.net": 5, "metrics.example.org": 2}
PATHS = {"/users/{}": 30, "/orders/{}/items": 25, "/search": 20, "/articles/{}/comments": 15, "/health": 10}
METHODS = {"GET": 75, "POST": 15, "PUT": 5, "PATCH": 2, "DELETE": 3}
STATUSES = {200: 80, 201: 6, 204: 2, 304: 3, 404: 5, 422: 2, 500: 1, 503: 1}
TYPES = {JSON: 80, HTML: 12, IMAGE: 8}
# The first session has most of all exchanges.
SESSIONS = {"main": 80, "monday": 8, "tuesday": 6, "wednesday": 4, "thursday": 2}
Choice = TypeVar("Choice")
CLIENT = (("User-Agent", "python-requests/2.32.3"), ("Accept-Encoding", "gzip, deflate"), ("Accept", "*/*"))


@dataclass(frozen=True)
class _Drawn:
    """The random parts of an exchange."""

    session: str
    method: str
    host: str
    target: str
    status: int
    media_type: str
    note: str


def make_exchanges(number: int, sessions: Sequence[str]) -> Iterator[Exchange]:
    """Yield exchanges in the order of their times; `sessions` are ids, one for each of SESSIONS."""
    chance = random.Random(SEED)
    for position in range(number):
        drawn = _draw(chance, sessions)
        if position == number // 2:
            drawn = _Drawn(sessions[0], RARE_METHOD, RARE_HOST, RARE_PATH, RARE_STATUS, RARE_TYPE, RARE_TEXT)
        yield _make_exchange(position, drawn)


def _draw(chance: random.Random, sessions: Sequence[str]) -> _Drawn:
    target = _choose(chance, PATHS).format(chance.randrange(1_000_000))
    if target == "/search":
        target = f"/search?q={COMMON_TEXT}&page={chance.randrange(100_000)}"
    return _Drawn(
        chance.choices(sessions, list(SESSIONS.values()))[0],
        _choose(chance, METHODS),
        _choose(chance, HOSTS),
        target,
        _choose(chance, STATUSES),
        _choose(chance, TYPES),
        COMMON_TEXT if chance.random() < 0.5 else "black coffee",
    )


def _make_exchange(position: int, drawn: _Drawn) -> Exchange:
    origin = Origin("https", drawn.host, 443)
    body = b"" if drawn.method in ("GET", "DELETE", RARE_METHOD) else _make_json(position, drawn.note)
    fields = [("Host", drawn.host), *CLIENT, *([("Content-Type", JSON)] if body else [])]
    request = Request(drawn.method, drawn.target.encode(), Headers.of(fields), body, origin)
    started = FIRST + position
    answer = _make_answer(position, drawn)
    return Exchange(drawn.session, request, answer, Timings(started, started, started + 0.02, started + 0.03))


def _make_answer(position: int, drawn: _Drawn) -> Response:
    content = b"" if drawn.status in (204, 304) else _make_content(position, drawn)
    fields = [("Server", "nginx/1.22.1"), ("Connection", "keep-alive"), ("Content-Type", drawn.media_type)]
    return Response(drawn.status, Headers.of([*fields, ("Content-Length", str(len(content)))]), content, b"OK")


def _make_content(position: int, drawn: _Drawn) -> bytes:
    if drawn.media_type == IMAGE:
        return b"\x89PNG\r\n\x1a\n" + random.Random(position).randbytes(400)
    if drawn.media_type == HTML:
        return f"<!doctype html><title>Page {position}</title><p>{drawn.note} {drawn.target}".encode()
    return _make_json(position, drawn.note)


def _make_json(position: int, note: str) -> bytes:
    return json.dumps({"id": position, "note": note, "tags": [f"tag-{position % 97}", "new"], "price": 4.5}).encode()


def _choose(chance: random.Random, weights: Mapping[Choice, int]) -> Choice:
    return chance.choices(list(weights), list(weights.values()))[0]
