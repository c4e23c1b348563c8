"""The options by which commands choose recorded exchanges: the same for `history list`, `promote` and others."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import Any

import click

from understudy.proxy.cli.options import Command, day_bounds, filter_option, history_filter, moment, tz_option
from understudy.proxy.cli.output import measured_progress
from understudy.store.errors import UserError
from understudy.store.model.values import replace
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store

ENTRIES = "[ENTRY_ID ...]"
"""Entries as an argument: `7`, `1-5` and `1-5,9`."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen: conditions, and the name of a session."""

    criteria: HistoryFilter
    session: str | None

    def prepare(self, store: Store) -> None:
        """Bring the index for searches up to date, with a progress bar, if something is searched for."""
        if self.criteria.search is not None:
            with measured_progress("indexing history for searches") as report:
                store.history.index_for_search(report)


since_option = click.option("--since", metavar="TIME", help="Only from this time on: ISO 8601, or how long ago: 2h.")
until_option = click.option("--until", metavar="TIME", help="Only before this time.")
search_option = click.option(
    "--search", metavar="TEXT", help="Only with these words in the URL, the headers or a text body."
)

OPTIONS = (
    click.option("-s", "--session", metavar="NAME", help="Only of this session."),
    click.option("--date", metavar="YYYY-MM-DD", help="Only of this day."),
    tz_option,
    since_option,
    until_option,
    filter_option,
    search_option,
)


def selection_options(command: Command) -> Command:
    """Give a command the options that choose exchanges; it gets them as its argument `selection`.

    Entries that it takes as its argument `entry_ids` are part of that.
    """

    @functools.wraps(command)
    def call(*before: Any, session: str | None, **given: Any) -> Any:
        names = ("date", "tz", "since", "until", "filters", "search")
        criteria = read_criteria(given.pop("entry_ids", ()), **{name: given.pop(name) for name in names})
        return command(*before, selection=Selection(criteria, session), **given)

    decorated: Command = call
    for option in reversed(OPTIONS):
        decorated = option(decorated)
    return decorated


def read_criteria(
    entries: tuple[str, ...],
    *,
    date: str | None,
    tz: str | None,
    since: str | None,
    until: str | None,
    filters: tuple[str, ...],
    search: str | None,
    date_option: str = "--date",
) -> HistoryFilter:
    """Return the filter that these options give; raises UserError."""
    from understudy.proxy.operations.recordings.selections import read_entries

    if tz is not None and date is None:
        raise UserError(f"--tz goes with {date_option}")
    if date is not None and (since is not None or until is not None):
        raise UserError(f"{date_option} goes without --since and --until")
    now, (begin, end), entry_filter = time.time(), day_bounds(date, tz, date_option), read_entries(entries)
    return replace(
        history_filter(filters),
        ids=entry_filter.ids,
        id_ranges=entry_filter.id_ranges,
        since=moment(since, "--since", now) if begin is None else begin,
        until=moment(until, "--until", now) if end is None else end,
        search=search,
    )
