"""The command `history delete`."""

from __future__ import annotations

import click

from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.options import current_user, with_store
from understudy.proxy.cli.output import counted
from understudy.proxy.cli.recordings.selection_options import ENTRIES, Selection, selection_options
from understudy.proxy.cli.trash.deleting import Deleting, deletion_options
from understudy.store.repositories.store import Store


@click.command("delete", cls=UnderstudyCommand)
@click.argument("entry_ids", metavar=ENTRIES, nargs=-1)
@selection_options
@deletion_options
@with_store
def delete_history(store: Store, selection: Selection, deleting: Deleting) -> None:
    """Delete recorded exchanges, by ENTRY_ID or by what they have in common. Examples promoted from them stay.

    It can be undone for a week. Sessions stay, also those that have no exchange left.

    \b
    understudy history delete 1-5,9
    understudy history delete --session shop --filter 'path=/health*'
    """
    from understudy.proxy.operations.recordings.history import choose_entries, delete_entries
    from understudy.proxy.operations.trash.previews import preview_entries

    selection.prepare(store)
    ids = choose_entries(store, selection.criteria, selection.session)
    forever = deleting.confirm(lambda: preview_entries(store, ids), "Examples promoted from them stay.")
    deleted = delete_entries(store, ids, forever=forever, actor=current_user())
    text = counted(len(ids), "exchange")
    deleting.report("history entries", text, deleted, f"Deleted {text}")
