"""What is asked, and the answer that has to come: GET requests of many paths, JSON bodies on one path."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from understudy.store.model.values import replace

ANSWER_BYTES = 300
# Every run asks the same, so that runs can be compared.
SEED = 2026


@dataclass(frozen=True)
class Pair:
    """A request and the JSON text that answers it; `body` is JSON too, in the layout in which it was recorded."""

    method: str
    target: str
    answer: str
    body: str = ""


def gets(number: int) -> list[Pair]:
    """So many paths, each with an answer of its own of 300 bytes."""
    return [Pair("GET", f"/items/{one}", _answer(one)) for one in range(1, number + 1)]


def searches(number: int) -> list[Pair]:
    """So many JSON bodies of about 90 bytes on one path, which differ in two values."""
    return [Pair("POST", "/search", _answer(one), _search(one)) for one in range(1, number + 1)]


def laid_out_anew(pairs: Sequence[Pair]) -> list[Pair]:
    """The same requests as another client would write them: keys in another order, spaces after the commas."""
    return [replace(pair, body=_in_another_layout(pair.body)) for pair in pairs]


def sample(pairs: Sequence[Pair], number: int) -> list[Pair]:
    """The first, the last, and some between."""
    return [pairs[0], pairs[-1], *random.Random(SEED).choices(pairs, k=number - 2)]


def lines(pairs: Sequence[Pair]) -> str:
    """The requests, one a line: method, target, body."""
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
