"""The commands about keys to private mock servers."""

from __future__ import annotations

import click

from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.naming_options import key_name
from understudy.proxy.cli.options import (
    current_user,
    json_option,
    making_store,
    page_options,
    warn_of_missing_key,
    with_store,
)
from understudy.proxy.cli.output import print_json, print_page
from understudy.proxy.cli.questions import can_ask
from understudy.proxy.cli.tables.cells import id_cells, time_cell
from understudy.proxy.cli.tables.table import NAME_WIDTH, Column, Cut
from understudy.proxy.cli.terminal_text import print_line
from understudy.proxy.cli.trash.deleting import ask_yes_no
from understudy.store.model.ids import IdKind
from understudy.store.repositories.paging import PageRequest
from understudy.store.repositories.store import Store

KEY_COLUMNS = (
    Column("KEY", Cut.END, least=NAME_WIDTH),
    Column("ENDS IN", drop=2),
    Column("CREATED", drop=1),
    Column("ID"),
)


@click.group(cls=LazyGroup)
def keys() -> None:
    """Keys to private mock servers, sent as x-api-key or x-understudy-key. Each opens all of them."""


@keys.command("create")
@key_name()
@json_option
@making_store
def create_key(store: Store, name: str, as_json: bool) -> None:
    """Create the key NAME and print it, this once: only a digest is kept."""
    from understudy.proxy.operations.mock_servers import keys as operations
    from understudy.proxy.operations.views.mock_servers import new_key_json

    key = operations.create_key(store, name, actor=current_user())
    if as_json:
        print_json(new_key_json(key))
        return
    print_line(f"Created key {name}. It cannot be shown again:", err=True)
    print_line(key.text)


@keys.command("list")
@page_options("KEY")
@json_option
@with_store
def list_keys(store: Store, request: PageRequest[str], as_json: bool) -> None:
    """List the keys."""
    from understudy.proxy.operations.mock_servers import keys as operations
    from understudy.proxy.operations.views.mock_servers import key_json

    warn_of_missing_key(request, [one.name for one in store.keys.list()], "key")
    page = operations.read_key_page(store, request)
    if as_json:
        print_json([key_json(key) for key in page.items])
        return
    ids = id_cells(store, IdKind.KEY, [key.id for key in page.items])
    rows = [
        (key.name, f"...{key.ending}", time_cell(key.created_at), id) for key, id in zip(page.items, ids, strict=True)
    ]
    empty = "No keys yet. Create one with: understudy keys create NAME"
    print_page(KEY_COLUMNS, rows, empty, page=page, request=request)


@keys.command("revoke")
@key_name()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@with_store
def revoke_key(store: Store, name: str, yes: bool, as_json: bool) -> None:
    """Revoke the key NAME: from then on it opens nothing. That cannot be undone, so that no slip lets it in again."""
    from understudy.proxy.operations.mock_servers import keys as operations
    from understudy.proxy.operations.views.mock_servers import key_json

    if not yes and can_ask():
        ask_yes_no(f"Revoke key {name}? Clients that send it are refused from then on, and this cannot be undone.")
    revoked = operations.revoke_key(store, name, actor=current_user())
    print_json(key_json(revoked)) if as_json else print_line(f"Revoked key {revoked.name}.")
