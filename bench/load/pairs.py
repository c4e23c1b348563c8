"""Requests and their expected answers: GET requests of many paths, JSON bodies on one path."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from understudy.store.model.values import replace

ANSWER_BYTES = 300
# All runs send the same requests, so that their results can be compared.
SEED = 2026


@dataclass(frozen=True)
class Pair:
    """A request and the JSON text of its answer; `body` is JSON too, in its recorded layout."""

    method: str
    target: str
    answer: str
    body: str = ""


def make_gets(number: int) -> list[Pair]:
    """Return GET requests of different paths, each with its own answer of 300 bytes."""
    return [Pair("GET", f"/items/{one}", _answer(one)) for one in range(1, number + 1)]


def make_searches(number: int) -> list[Pair]:
    """Return POST requests of one path whose JSON bodies, of about 90 bytes, differ in two values."""
    return [Pair("POST", "/search", _answer(one), _search(one)) for one in range(1, number + 1)]


def change_layout(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the same requests in another layout: keys in reverse order, spaces after the commas."""
    return [replace(pair, body=_in_another_layout(pair.body)) for pair in pairs]


def choose_sample(pairs: Sequence[Pair], number: int) -> list[Pair]:
    """Return the first pair, the last, and random ones, `number` in all."""
    return [pairs[0], pairs[-1], *random.Random(SEED).choices(pairs, k=number - 2)]


def format_lines(pairs: Sequence[Pair]) -> str:
    """Return the requests as lines of method, target and body."""
    return "".join(f"{pair.method} {pair.target} {pair.body}\n" for pair in pairs)


def _answer(number: int) -> str:
    empty = json.dumps({"id": number, "name": f"Item {number}", "text": ""}, separators=(",", ":"))
    return empty[:-2] + "x" * (ANSWER_BYTES - len(empty)) + empty[-2:]


def _search(number: int) -> str:
    value = {"query": f"green tea {number}", "page": number % 7, "filters": {"in_stock": True, "brand": "north"}}
    return json.dumps(value, separators=(",", ":"))


def _in_another_layout(body: str) -> str:
    return json.dumps(_reversed(json.loads(body)))


def _reversed(value: object) -> object:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(one) for one in value] if isinstance(value, list) else value
