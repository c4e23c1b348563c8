"""The command `undo`: deletions that can be undone, undone or forgotten."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from understudy.proxy.cli.options import current_user, json_option, wait_for_gateways, with_store
from understudy.proxy.cli.output import counted, print_json, print_table
from understudy.proxy.cli.questions import can_ask
from understudy.proxy.cli.tables.cells import time_cell
from understudy.proxy.cli.tables.table import Column, Cut
from understudy.proxy.cli.terminal_text import print_line
from understudy.proxy.cli.trash.deleting import ask_yes_no, warn_of_log
from understudy.store.errors import Hint, UserError
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.store.repositories.trash import Deletion

COLUMNS = (
    Column("ID"),
    Column("DELETED", drop=2),
    Column("WHAT", Cut.END, least=30),
    Column("SIZE", drop=1),
    Column("LEFT"),
)
HOUR_SECONDS, DAY_SECONDS = 3_600, 24 * 3_600


@click.command()
@click.argument("deletion_id", metavar="[ID]", type=int, required=False)
@click.option("--last", is_flag=True, help="Undo the newest deletion.")
@click.option("--forget", is_flag=True, help="Instead of undoing it, delete for ever and overwrite what it keeps.")
@click.option("--empty", is_flag=True, help="Do that with all deletions.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before --forget and --empty.")
@json_option
@with_store
def undo(
    store: Store, deletion_id: int | None, last: bool, forget: bool, empty: bool, yes: bool, as_json: bool
) -> None:
    """List the deletions that can be undone, or undo the deletion ID.

    What was deleted can be restored for a week, up to 1 GB: beyond that the oldest goes. What has a name that is taken
    by then gets " (restored)" after it.

    \b
    understudy undo
    understudy undo 3
    understudy undo --last
    """
    if empty and (deletion_id is not None or last or forget):
        raise UserError("goes without an ID and other options", field="empty")
    if deletion_id is not None and last:
        raise UserError("goes without an ID", field="last")
    if forget and deletion_id is None and not last:
        raise UserError("goes with an ID, or with --last", field="forget")
    if empty:
        _empty(store, yes=yes, as_json=as_json)
    elif forget:
        _forget(store, deletion_id, yes=yes, as_json=as_json)
    elif deletion_id is not None or last:
        _undo(store, deletion_id, as_json=as_json)
    else:
        _list(store, as_json=as_json)


def _list(store: Store, *, as_json: bool) -> None:
    from understudy.proxy.operations.trash.undoing import list_deletions
    from understudy.proxy.operations.views.trash import deletion_json

    deletions = list_deletions(store)
    if as_json:
        print_json([deletion_json(one) for one in deletions])
        return
    now = time.time()
    rows = [
        (one.number, time_cell(one.at), describe(one), _format_size(one), _format_left(one.expires_at - now))
        for one in deletions
    ]
    print_table(COLUMNS, rows, "There is nothing to undo.")


def _undo(store: Store, number: int | None, *, as_json: bool) -> None:
    from understudy.proxy.operations.trash.undoing import undo_deletion
    from understudy.proxy.operations.views.trash import restored_json

    restored = undo_deletion(store, number, actor=current_user())
    if as_json:
        print_json(restored_json(restored))
    else:
        deletion = restored.deletion
        name = "" if restored.name == deletion.name else f" as {restored.name}, because the name is taken"
        print_line(f"Restored {describe(deletion)}{name}.")
    wait_for_gateways(store)


def _forget(store: Store, number: int | None, *, yes: bool, as_json: bool) -> None:
    from understudy.proxy.operations.trash.undoing import find_deletion, forget_deletion
    from understudy.proxy.operations.views.trash import deletion_json

    deletion = find_deletion(store, number)
    _ask(f"Delete {describe(deletion)} for ever?", yes=yes)
    is_overwritten = forget_deletion(store, deletion.number)
    if as_json:
        print_json({**deletion_json(deletion), "state": "forgotten", "overwritten": is_overwritten})
    else:
        print_line(f"Deleted {describe(deletion)} for ever.")
    if not is_overwritten:
        warn_of_log()


def _empty(store: Store, *, yes: bool, as_json: bool) -> None:
    from understudy.proxy.operations.trash.undoing import empty_trash, list_deletions

    number = len(list_deletions(store))
    if number:
        _ask(f"Delete for ever what {counted(number, 'deletion')} would restore?", yes=yes)
    forgotten, is_overwritten = empty_trash(store)
    if as_json:
        print_json({"forgotten": forgotten, "overwritten": is_overwritten})
    else:
        print_line(f"{counted(forgotten, 'deletion')} can be undone no more.")
    if not is_overwritten:
        warn_of_log()


def _ask(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not can_ask():
        message = "this deletes for ever, and there is no terminal to ask on"
        raise UserError(message, what="deletion", hint=Hint("confirm_deletion"))
    ask_yes_no(question)


def describe(deletion: Deletion) -> str:
    """Return what was deleted, such as `session shop (1,204 exchanges)`."""
    kind = str(deletion.kind).replace("_", " ")
    if kind == "entries":
        number = deletion.amount.counts["exchanges"]
        return deletion.name if number == 1 else f"{number:,} history {deletion.name}"
    counts = {"session": "exchange", "collection": "example", "calls": "call"}
    noun = counts.get(kind)
    number = deletion.amount.counts.get(f"{noun}s", 0)
    return f"{kind} {deletion.name}" + (f" ({number:,} {noun if number == 1 else f'{noun}s'})" if noun else "")


def _format_size(deletion: Deletion) -> str:
    from understudy.proxy.cli.store.store_output import format_size

    return format_size(deletion.amount.size)


def _format_left(seconds: float) -> str:
    return f"{seconds / DAY_SECONDS:.0f}d" if seconds >= 2 * DAY_SECONDS else f"{max(seconds, 0) / HOUR_SECONDS:.0f}h"
