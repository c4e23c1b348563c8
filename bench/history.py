"""History: the first page without and with each filter, the compilation of a session for replay, and promotion.

python -m bench.history [--quick] [--exchanges N,N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from itertools import count, islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.load import exchanges as made
from bench.matcher import describe_machine
from bench.quiet import QuietRounds
from understudy.proxy.gateway.activation import Activation
from understudy.proxy.operations.recordings.promotion import promote_history
from understudy.proxy.store_opening import open_or_upgrade_store
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.promotion import PromotionPlan
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store

SIZES = (50_000, 100_000)
QUICK_SIZES = (500, 1_000)
PAGE = 50
BATCH = 500
TIMES = 5
MOST_MS = 50.0
MILLISECONDS = 1000.0
COMPILATION, PROMOTION = "compile the largest session for replay", "promote everything to a new collection"


@dataclass(frozen=True)
class Question:
    """A page of history: the name of its row, the fields of its filter, and the number of entries that it has."""

    name: str
    conditions: Mapping[str, object]
    entries: int


@dataclass
class Times:
    """The milliseconds that a question took, each time that it was asked."""

    taken: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.taken)


def main() -> int:
    """Measure, print the table, and return 1 if a page of the largest history takes longer than the aim."""
    options = _parse_options()
    rounds, columns = QuietRounds(), dict[int, dict[str, Times]]()
    for size in options.exchanges or (QUICK_SIZES if options.quick else SIZES):
        with tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder:
            columns[size] = measure_store(Path(folder), size, rounds)
    console = Console(width=120)
    console.print(_make_table(columns))
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    console.print(
        f"Pages of {PAGE} entries and compilations: medians of {TIMES}; promotion: once; {describe_machine()}",
        highlight=False,
    )
    console.print(f"{rounds.note} Load average at the end: {load}", highlight=False)
    slowest = max(times.median for name, times in columns[max(columns)].items() if name not in (COMPILATION, PROMOTION))
    return 0 if options.quick or slowest <= MOST_MS else 1


def measure_store(folder: Path, size: int, rounds: QuietRounds) -> dict[str, Times]:
    """Fill a store with so many exchanges; return the times of each question, of the compilation and of promotion."""
    store = open_or_upgrade_store(str(folder / "understudy.db"))
    try:
        sessions = _fill(store, size)
        questions = [one for one in list_questions(size, sessions) if knows_fields(one.conditions)]
        rows = {question.name: Times() for question in questions}
        for question in questions:
            _check(store, question)
        for _ in range(TIMES):
            for name, taken in rounds.run(lambda: _ask(store, questions)).items():
                rows[name].taken.append(taken)
        rows[COMPILATION] = Times([rounds.run(lambda: _compile(store, sessions["main"])) for _ in range(TIMES)])
        names = map("bench-{}".format, count(1))
        rows[PROMOTION] = Times([rounds.run(lambda: _take_time(_promote, store, next(names), size))])
        return rows
    finally:
        store.close()


def list_questions(size: int, sessions: Mapping[str, str]) -> list[Question]:
    """Return the questions to a history of so many exchanges: no filter, and each filter with many and few entries."""
    middle, end = made.FIRST + size // 2, made.FIRST + size
    return [
        Question("no filter", {}, PAGE),
        *_ask_often_and_rarely("host", made.COMMON_HOST, made.RARE_HOST, "nothing.example.com"),
        *_ask_often_and_rarely("host, a glob", "*.example.com", "rare.*", "*.example.test", field_name="host"),
        *_ask_often_and_rarely("path, a glob", "/users/*", "/rare/*", "/nothing/*", field_name="path"),
        *_ask_often_and_rarely("method", "GET", made.RARE_METHOD, "OPTIONS"),
        *_ask_often_and_rarely("status", "200", str(made.RARE_STATUS), "599"),
        *_ask_often_and_rarely("status, a class", "2xx", None, "1xx", field_name="status"),
        Question("session, the largest", {"session_id": sessions["main"]}, PAGE),
        Question("session, empty", {"session_id": sessions["empty"]}, 0),
        Question("since the middle", {"since": middle}, PAGE),
        Question("until the middle", {"until": middle}, PAGE),
        Question("one second in the middle", {"since": middle, "until": middle + 1}, 1),
        Question("since the end", {"since": end}, 0),
        *_ask_often_and_rarely("media_type", "application/json", made.RARE_TYPE, "application/x-nothing"),
        *_ask_often_and_rarely("search", made.COMMON_TEXT, made.RARE_TEXT, "no-such-text"),
    ]


def _ask_often_and_rarely(
    name: str, many: str, one: str | None, none: str, *, field_name: str | None = None
) -> list[Question]:
    values = {"many entries": (many, PAGE), "one entry": (one, 1), "no entry": (none, 0)}
    return [
        Question(f"{name}, {kind}", {field_name or name: value}, entries)
        for kind, (value, entries) in values.items()
        if value is not None
    ]


def knows_fields(conditions: Mapping[str, object], criteria: type[HistoryFilter] = HistoryFilter) -> bool:
    """Return whether filters of history have all these fields."""
    return set(conditions) <= {one.name for one in fields(criteria)}


def _make_filter(question: Question) -> HistoryFilter:
    conditions: dict[str, Any] = dict(question.conditions)
    return HistoryFilter(**conditions)


def _fill(store: Store, size: int) -> dict[str, str]:
    """Create the sessions and store the exchanges; return the ids of the sessions by name."""
    sessions = {name: store.sessions.create(name, None).id for name in (*made.SESSIONS, "empty")}
    rows = made.make_exchanges(size, [sessions[name] for name in made.SESSIONS])
    while batch := list(islice(rows, BATCH)):
        store.history.add(batch)
    return sessions


def _check(store: Store, question: Question) -> None:
    """Ask a question once, which also fills caches; raise RuntimeError if the number of entries is wrong."""
    found = len(store.history.list_newest(_make_filter(question), PAGE))
    if found != question.entries:
        raise RuntimeError(f"{question.name}: {found} entries instead of {question.entries}")


def _ask(store: Store, questions: list[Question]) -> dict[str, float]:
    """Ask all questions once; return the milliseconds of each, by name."""
    return {
        question.name: _take_time(lambda criteria: store.history.list_newest(criteria, PAGE), _make_filter(question))
        for question in questions
    }


def _compile(store: Store, session_id: str) -> float:
    """Compile a session as a gateway does in the mode replay; return the milliseconds."""
    activation = Activation(store)
    begun = time.perf_counter()
    active = activation.activate(GatewayState(Mode.REPLAY, session_id=session_id))
    taken = time.perf_counter() - begun
    if not active.has_answers:
        raise RuntimeError("the compiled session has no answers")
    return taken * MILLISECONDS


def _promote(store: Store, collection: str, size: int) -> None:
    outcome = promote_history(store, HistoryFilter(), collection, PromotionPlan(), actor="bench")
    if outcome.selected != size:
        raise RuntimeError(f"{outcome.selected} exchanges were selected instead of {size}")


def _take_time(work: Callable[..., object], *arguments: object) -> float:
    begun = time.perf_counter()
    work(*arguments)
    return (time.perf_counter() - begun) * MILLISECONDS


def _make_table(columns: Mapping[int, Mapping[str, Times]]) -> Table:
    table = Table(title="History, milliseconds by the number of exchanges", title_justify="left")
    table.add_column("measured")
    for size in columns:
        table.add_column(f"{size:,}", justify="right")
    table.add_column(f"at most {MOST_MS:.0f} ms")
    for name in columns[max(columns)]:
        medians = [rows[name].median for rows in columns.values()]
        met = "" if name in (COMPILATION, PROMOTION) else "met" if medians[-1] <= MOST_MS else "NOT MET"
        table.add_row(name, *(f"{median:,.1f}" for median in medians), met)
    return table


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, to check that the benchmark works")
    parser.add_argument(
        "--exchanges", type=parse_sizes, metavar="N,N", help="the numbers of exchanges, such as 50000,100000"
    )
    return parser.parse_args()


def parse_sizes(text: str) -> list[int]:
    """Return the numbers in a text such as `50000,100000`, in ascending order; raise ValueError for other texts."""
    sizes = sorted({int(part) for part in text.split(",")})
    if sizes[0] < 1:
        raise ValueError("a number of exchanges has to be positive")
    return sizes


if __name__ == "__main__":
    sys.exit(main())
