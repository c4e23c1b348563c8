"""The command `history delete`."""

from __future__ import annotations

import time

import click

from understudy.proxy.cli.options import (
    current_user,
    day_bounds,
    filter_option,
    history_filter,
    moment,
    tz_option,
    with_store,
)
from understudy.proxy.cli.output import counted
from understudy.proxy.cli.trash.deleting import Deleting, deletion_options
from understudy.store.errors import UserError
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store


@click.command("delete")
@click.argument("entry_ids", metavar="[ENTRY_ID ...]", nargs=-1, type=int)
@click.option("-s", "--session", metavar="NAME", help="Only of this session.")
@click.option("--date", metavar="YYYY-MM-DD", help="Only of this day.")
@tz_option
@click.option("--since", metavar="TIME", help="Only from this time on: ISO 8601, or how long ago, such as 2h.")
@click.option("--until", metavar="TIME", help="Only before this time.")
@filter_option
@click.option("--search", metavar="TEXT", help="Only with these words in the URL, the headers or a text body.")
@deletion_options
@with_store
def delete_history(
    store: Store,
    entry_ids: tuple[int, ...],
    session: str | None,
    date: str | None,
    tz: str | None,
    since: str | None,
    until: str | None,
    filters: tuple[str, ...],
    search: str | None,
    deleting: Deleting,
) -> None:
    """Delete recorded exchanges, by ENTRY_ID or by what they have in common. Examples promoted from them stay.

    It can be undone for a week. Sessions stay, also those that have no exchange left.

    \b
    understudy history delete 12 13
    understudy history delete --session shop --filter 'path=/health*'
    """
    from understudy.proxy.operations.recordings.history import choose_entries, delete_entries
    from understudy.proxy.operations.trash.previews import preview_entries

    if tz is not None and date is None:
        raise UserError("--tz goes with --date")
    if date is not None and (since or until):
        raise UserError("goes without --since and --until", field="date")
    now = time.time()
    begin, end = day_bounds(date, tz, "--date")
    begin, end = begin or moment(since, "--since", now), end or moment(until, "--until", now)
    criteria = history_filter(filters, ids=frozenset(entry_ids) or None, since=begin, until=end)
    ids = choose_entries(store, replace(criteria, search=search), session)
    forever = deleting.confirm(lambda: preview_entries(store, ids), "Examples promoted from them stay.")
    deleted = delete_entries(store, ids, forever=forever, actor=current_user())
    text = counted(len(ids), "exchange")
    deleting.report("history entries", text, deleted, f"Deleted {text}")
