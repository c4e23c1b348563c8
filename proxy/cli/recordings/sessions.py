"""The commands about sessions."""

from __future__ import annotations

import click

from understudy.proxy.cli.gateway.replay_options import format_lists, list_options
from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.naming_options import session_name
from understudy.proxy.cli.options import current_user, json_option, page_options, with_store
from understudy.proxy.cli.output import print_json, print_page
from understudy.proxy.cli.recordings.history_table import print_entries
from understudy.proxy.cli.tables.cells import id_cells, local_time, time_cell
from understudy.proxy.cli.tables.table import NAME_WIDTH, Column, Cut
from understudy.proxy.cli.terminal_text import print_line
from understudy.proxy.cli.trash.deleting import Deleting, deletion_options
from understudy.store.model.ids import IdKind
from understudy.store.repositories.paging import PageRequest
from understudy.store.repositories.store import Store

SESSION_COLUMNS = (
    Column("SESSION", Cut.END, least=NAME_WIDTH),
    Column("UPSTREAM"),
    Column("EXCHANGES", drop=1),
    Column("FAILED", drop=2),
    Column("LAST", drop=3),
    Column("ID"),
)


@click.group(cls=LazyGroup)
def sessions() -> None:
    """Sessions: named recordings."""


@sessions.command("list")
@page_options("SESSION")
@json_option
@with_store
def list_sessions(store: Store, request: PageRequest[str], as_json: bool) -> None:
    """List the sessions, the oldest first."""
    from understudy.proxy.operations.recordings import sessions as operations
    from understudy.proxy.operations.views.recordings import session_json

    page = operations.read_session_page(store, request)
    if as_json:
        print_json([session_json(summary) for summary in page.items])
        return
    ids = id_cells(store, IdKind.SESSION, [one.session.id for one in page.items])
    rows = [
        (one.session.name, str(one.session.upstream or "-"), one.exchanges, one.failed, time_cell(one.last_at), id)
        for one, id in zip(page.items, ids, strict=True)
    ]
    empty = "No sessions yet. Record one: understudy record --upstream URL --session NAME"
    print_page(SESSION_COLUMNS, rows, empty, page=page, request=request)


@sessions.command("show")
@session_name()
@json_option
@with_store
def show_session(store: Store, name: str, as_json: bool) -> None:
    """Show the session NAME and its exchanges."""
    from understudy.proxy.operations.recordings.sessions import read_session, summarize_session
    from understudy.proxy.operations.views.recordings import session_json

    if as_json:
        print_json(session_json(summarize_session(store, name)))
        return
    content = read_session(store, name)
    session = content.session
    print_line(f"{session.name}: recorded from {session.upstream or 'any host'} since {local_time(session.created_at)}")
    if session.replay:
        print_line(f"Replays use {format_lists(session.replay)}")
    print_entries(content.entries)


@sessions.command("set")
@session_name()
@list_options
@click.option("--reset", is_flag=True, help="Forget first what is kept.")
@json_option
@with_store
def set_session(store: Store, name: str, reset: bool, as_json: bool, **lists: tuple[str, ...]) -> None:
    """Keep with the session NAME what its replays compare.

    Each replay of the session uses what is kept, but for options that it has itself.

    \b
    understudy sessions set shop --ignore-query ts --ignore-body '$.at'
    """
    from understudy.proxy.operations.recordings.sessions import keep_replay_lists, summarize_session
    from understudy.proxy.operations.views.recordings import session_json

    session = keep_replay_lists(store, name, lists, reset=reset, actor=current_user())
    if as_json:
        print_json(session_json(summarize_session(store, session.id)))
        return
    kept = format_lists(session.replay) if session.replay else "nothing that is kept with it"
    print_line(f"Replays of session {session.name} use {kept}.")


@sessions.command("rename")
@session_name()
@click.argument("new_name")
@json_option
@with_store
def rename_session(store: Store, name: str, new_name: str, as_json: bool) -> None:
    """Give the session NAME the name NEW_NAME. Gateways that use it go on."""
    from understudy.proxy.operations.recordings import sessions as operations
    from understudy.proxy.operations.views.recordings import session_json

    session = operations.rename_session(store, name, new_name, actor=current_user())
    if as_json:
        print_json(session_json(operations.summarize_session(store, session.id)))
    else:
        print_line(f"Renamed the session to {session.name}.")


@sessions.command("delete")
@session_name()
@deletion_options
@with_store
def delete_session(store: Store, name: str, deleting: Deleting) -> None:
    """Delete the session NAME and its exchanges. Examples promoted from it stay.

    It can be undone for a week. If secrets are found in it, the question offers to delete it for ever.
    """
    from understudy.proxy.operations.recordings import sessions as operations
    from understudy.proxy.operations.trash.previews import preview_session

    forever = deleting.confirm(lambda: preview_session(store, name), "Examples promoted from it stay.")
    deleted = operations.delete_session(store, name, forever=forever, actor=current_user())
    deleting.report("session", deleted.thing.name, deleted, f"Deleted session {deleted.thing.name}")
