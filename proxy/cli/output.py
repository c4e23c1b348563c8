"""How commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from understudy.proxy.cli.tables.table import Cell, Column, format_table
from understudy.proxy.cli.terminal_text import (
    escape_line,
    find_width,
    print_advice,
    print_line,
    print_lines,
    print_text,
)
from understudy.store.model.messages import Headers
from understudy.store.repositories.paging import Page, PageRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print_text(format_json(value, indent=2))


def format_json(value: Any, *, indent: int | None = None) -> str:
    """Return a value as JSON; what is not printable in its texts is escaped as JSON does it, which changes no value."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def print_warnings(warnings: Iterable[str]) -> None:
    """Print each warning as a line on stderr."""
    for warning in warnings:
        print_line(f"Warning: {warning}", err=True)


def print_table(columns: Sequence[str | Column], rows: Sequence[Sequence[Cell]], empty: str) -> None:
    """Print a table, or `empty` without rows: as wide as the terminal, and nothing shortened to a pipe.

    A column that is only a title is never cut. `empty` may end in a command, after a colon.
    """
    if not rows:
        print_advice(empty)
        return
    known = [Column(column) if isinstance(column, str) else column for column in columns]
    print_lines(format_table(known, rows, find_width()))


def print_page(
    columns: Sequence[str | Column],
    rows: Sequence[Sequence[Cell]],
    empty: str,
    *,
    page: Page[Any, Any],
    request: PageRequest[Any],
) -> None:
    """Print a page of a list as a table, or `empty` if the list is, and on stderr how to list the page that follows."""
    asks_beyond = request.after is not None or request.before is not None
    print_table(columns, rows, "No more." if asks_beyond else empty)
    print_next_page("before" if request.is_backward else "after", page.previous if request.is_backward else page.next)


def print_next_page(option: str, key: object) -> None:
    """Print on stderr that a list goes on by an option with this key, unless the key is None."""
    if key is not None:
        print_line(f"More: --{option} {shlex.quote(escape_line(str(key)))}", err=True)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[], None]]:
    """Show a progress bar on stderr once a second has passed; yields a function to call after each step."""
    done = count(1)
    with measured_progress(label) as report:
        yield lambda: report(next(done), total)


@contextmanager
def measured_progress(label: str) -> Iterator[Callable[[int, int | None], None]]:
    """Do the same; yields a function that takes the number of things that are done, and of all if that is known."""
    begun = time.monotonic()
    bar: Progress | None = None

    def report(done: int, total: int | None) -> None:
        nonlocal bar
        if bar is None and sys.stderr.isatty() and time.monotonic() - begun >= 1:
            bar = _start_bar(label)
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done, total=total)

    try:
        yield report
    finally:
        if bar is not None:
            bar.stop()


def _start_bar(label: str) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(label, total=None)
    bar.start()
    return bar


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is 1."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def text_of(headers: Headers, body: bytes) -> str | None:
    """Return a body as text, its content coding undone; None when it is not UTF-8."""
    from understudy.store.content_codings import remove_codings

    plain = remove_codings(headers.get("content-encoding") or "", body)
    try:
        return None if plain is None else plain.decode()
    except UnicodeDecodeError:
        return None


def message_text(first_line: str, headers: Headers, body: bytes, *, raw: bool) -> str:
    """Return a message for people: its first line, headers, and the body where it is text.

    It is for `print_recorded`, which escapes the body unless `raw`; the lines of the head are escaped here.
    """
    text = text_of(headers, body)
    shown = f"({len(body)} bytes that are not text)" if text is None else text
    head = _raw_head(first_line, headers) if raw else _shown_head(first_line, headers)
    return "\n".join([*head, "", shown] if shown else head)


def _raw_head(first_line: str, headers: Headers) -> list[str]:
    lines = [first_line.encode("utf-8", "surrogatepass"), *(b"%s: %s" % field for field in headers.fields)]
    return [line.decode("utf-8", "surrogateescape") for line in lines]


def _shown_head(first_line: str, headers: Headers) -> list[str]:
    return [escape_line(line) for line in (first_line, *(f"{name}: {value}" for name, value in headers))]
