"""How the commands about the store print for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.proxy.cli.options import SECONDS_OF
from understudy.proxy.cli.output import counted
from understudy.proxy.cli.tables.cells import local_time
from understudy.proxy.cli.terminal_text import print_line
from understudy.store.repositories.maintenance import Pruned, StoreNumbers, StoreSizes

if TYPE_CHECKING:
    from understudy.proxy.operations.maintenance.store_upkeep import StoreReport, Vacuumed

UNITS = ("bytes", "KB", "MB", "GB", "TB")
UNIT_BYTES = 1024


def print_description(report: StoreReport) -> None:
    """Print how large a store is and what is in it."""
    retention = report.retention
    kept = describe_retention(retention.seconds, keep_promoted=retention.keep_promoted) if retention else ""
    print_line(f"The store is {report.location} (schema {report.description.sizes.revision}).")
    print_line(_describe_sizes(report.description.sizes))
    print_line(_describe_numbers(report.description.numbers))
    print_line(_describe_trash(report.description.numbers))
    print_line(kept or "Gateways delete no old exchanges.")


def describe_pruned(pruned: Pruned) -> str:
    """Return what was deleted, and how the disk gets the space."""
    if not pruned.exchanges and not pruned.bodies:
        return "There was nothing to delete."
    size = f" ({format_size(pruned.body_bytes)})" if pruned.bodies else ""
    return (
        f"Deleted {counted(pruned.exchanges, 'exchange')} and {count_bodies(pruned.bodies)}{size};"
        " to give the space back to the disk: understudy store vacuum"
    )


def describe_vacuumed(vacuumed: Vacuumed) -> str:
    """Return by how much a store has become smaller."""
    size = format_size(vacuumed.after.file_bytes)
    return f"The store is {size}; {format_size(vacuumed.freed_bytes)} were given back to the disk."


def describe_retention(seconds: float, *, keep_promoted: bool) -> str:
    """Return what gateways delete."""
    rest = ", but for those that an example was promoted from" if keep_promoted else ""
    return f"Gateways that record delete exchanges older than {format_duration(seconds)}{rest}, once an hour."


def format_size(size: float) -> str:
    """Return a number of bytes in the largest unit of which there is one."""
    for unit in UNITS[:-1]:
        if size < UNIT_BYTES:
            return f"{size:.0f} {unit}" if unit == UNITS[0] else f"{size:.1f} {unit}"
        size /= UNIT_BYTES
    return f"{size:.1f} {UNITS[-1]}"


def format_duration(seconds: float) -> str:
    """Return a time as options take it, such as 30d."""
    letter = next(letter for letter in reversed(SECONDS_OF) if seconds % SECONDS_OF[letter] == 0 or letter == "s")
    return f"{seconds / SECONDS_OF[letter]:.0f}{letter}"


def count_bodies(number: int) -> str:
    """Return a number of bodies that have a row of their own: small ones are inside their exchanges."""
    return f"{number} separate {'body' if number == 1 else 'bodies'}"


def _describe_sizes(sizes: StoreSizes) -> str:
    free = f"of which {format_size(sizes.free_bytes)} are free, " if sizes.free_pages else ""
    return (
        f"Its file has {format_size(sizes.file_bytes)}, {free}in pages of {format_size(sizes.page_bytes)};"
        f" its write-ahead log {format_size(sizes.log_bytes)}."
    )


def _describe_trash(numbers: StoreNumbers) -> str:
    if not numbers.deletions:
        return "There is nothing to undo."
    size = format_size(numbers.deleted_bytes)
    return f"{counted(numbers.deletions, 'deletion')} ({size}) can be undone: understudy undo"


def _describe_numbers(numbers: StoreNumbers) -> str:
    bodies = f"{count_bodies(numbers.bodies)} ({format_size(numbers.body_bytes)})"
    span = f", from {local_time(numbers.oldest)} to {local_time(numbers.newest)}" if numbers.exchanges else ""
    return (
        f"In it are {counted(numbers.sessions, 'session')} with {counted(numbers.exchanges, 'exchange')}{span};"
        f" {counted(numbers.examples, 'example')}, {bodies} and {counted(numbers.calls, 'call')} to mock servers."
    )
