"""Redaction: the cost of a response with and without secrets, as recording with --redact and promotion redact it.

python -m bench.redaction [--quick]

A ratio to reading and writing the same JSON shows more than a time, which depends on the machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable

from rich.console import Console

from bench.aims import Aim, make_table
from bench.quiet import QuietRounds
from understudy.store.model.messages import Headers, Response
from understudy.store.redaction.placeholders import Placeholders
from understudy.store.redaction.redactor import Redactor

MOST_TIMES_JSON = 30.0
MICROSECONDS = 1e6

_ITEMS = [{"sku": "A1", "n": 2}, {"sku": "B2", "n": 1}]
_NOTE = "a text of some length that says nothing at all, with words"
JSON_HEADERS = Headers.of([("Content-Type", "application/json")])
BODIES = {
    "tokens and a password": {
        "access_token": "NUMBERZFEjr1zCsicMWpAB",
        "token_type": "example",
        "expires_in": 3600,
        "refresh_token": "NUMBEROkF0XG5Qx2TlKWIB",
        "scope": "read:user write:user",
        "ok": True,
        "user": {"id": 17, "name": "Ann Lee", "email": "ann@example.com", "password": "hunter2"},
        "created": "2024-01-31T08:09:10Z",
        "tags": ["a", "b", "c"],
    },
    "a password and a client secret": {
        "user": "ann",
        "password": "hunter2-and-more",
        "client_secret": "NUMBERabcdefghijkl",
        "device": {"os": "linux", "screen": [1920, 1080]},
        "note": _NOTE,
        "items": _ITEMS,
    },
    "no secret": {
        "id": 17,
        "name": "Ann Lee",
        "email": "ann@example.com",
        "tags": ["a", "b", "c"],
        "address": {"city": "Graz", "zip": "8010", "street": "Hauptplatz 1"},
        "note": _NOTE,
        "items": _ITEMS,
    },
}


def main() -> int:
    """Measure, print the table, and fail if a body costs more than the aim."""
    parser = argparse.ArgumentParser(prog="python -m bench.redaction", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to check that the benchmark works")
    quick = parser.parse_args().quick
    messages, rounds = (20, 2) if quick else (2_500, 10)
    quiet = QuietRounds()
    aims = [_measure(name, body, messages, rounds, quiet) for name, body in BODIES.items()]
    console = Console(width=120)
    console.print(make_table(aims))
    console.print(quiet.note, highlight=False)
    return 0 if quick or all(aim.met for aim in aims) else 1


def _measure(name: str, body: object, messages: int, rounds: int, quiet: QuietRounds) -> Aim:
    text = json.dumps(body)
    bodies = [text.replace("NUMBER", f"{number:06d}").encode() for number in range(messages)]
    times = [
        quiet.run(lambda: (_time(_make_redaction(), bodies), _time(_read_and_write, bodies))) for _ in range(rounds)
    ]
    redacting, plain = (min(each) for each in zip(*times, strict=True))
    shown = f"{name}, {len(text)} bytes: {redacting * MICROSECONDS / messages:.0f} µs, times reading and writing JSON"
    return Aim(shown, redacting / plain, MOST_TIMES_JSON, least=False, form="{:.1f}")


def _make_redaction() -> Callable[[bytes], object]:
    redactor = Redactor(placeholder=Placeholders(b"key"), remembers=True)
    return lambda body: redactor.redact_response(Response(200, JSON_HEADERS, body), body)


def _read_and_write(body: bytes) -> object:
    return json.dumps(json.loads(body))


def _time(function: Callable[[bytes], object], bodies: Iterable[bytes]) -> float:
    started = time.process_time()
    for body in bodies:
        function(body)
    return time.process_time() - started


if __name__ == "__main__":
    sys.exit(main())
