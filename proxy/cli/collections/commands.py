"""The commands about collections."""

from __future__ import annotations

import click

from understudy.proxy.cli.collections.example_table import choose_columns, list_rows
from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.naming_options import collection_name
from understudy.proxy.cli.options import (
    current_user,
    json_option,
    making_store,
    page_options,
    variable,
    wait_for_gateways,
    warn_of_missing_key,
    with_store,
)
from understudy.proxy.cli.output import counted, print_json, print_page, print_table, progress
from understudy.proxy.cli.tables.cells import id_cells, time_cell
from understudy.proxy.cli.tables.table import NAME_WIDTH, Column, Cut
from understudy.proxy.cli.terminal_text import print_advice, print_line
from understudy.proxy.cli.trash.deleting import Deleting, deletion_options
from understudy.proxy.operations.collections import collections as operations
from understudy.proxy.operations.collections.collections import CollectionContents
from understudy.store.errors import UserError
from understudy.store.model.collections import Collection
from understudy.store.model.ids import IdKind
from understudy.store.repositories.paging import PageRequest
from understudy.store.repositories.store import Store

variable_option = click.option("--variable", "variables", metavar="KEY=VALUE", multiple=True, help="Set a variable.")


COLLECTION_COLUMNS = (
    Column("COLLECTION", Cut.END, least=NAME_WIDTH),
    Column("REQUESTS", drop=1),
    Column("EXAMPLES", drop=2),
    Column("CREATED", drop=3),
    Column("ID"),
)


@click.group(cls=LazyGroup)
def collections() -> None:
    """Collections of requests with their examples."""


@collections.command("list")
@page_options("COLLECTION")
@json_option
@with_store
def list_collections(store: Store, request: PageRequest[str], as_json: bool) -> None:
    """List the collections."""
    from understudy.proxy.operations.views.collections import collection_json

    names = (one.collection.name for one in store.collections.list_summaries())
    warn_of_missing_key(request, names, "collection")
    page = operations.read_collection_page(store, request)
    if as_json:
        print_json([collection_json(one) for one in page.items])
        return
    ids = id_cells(store, IdKind.COLLECTION, [one.collection.id for one in page.items])
    rows = [
        (one.collection.name, one.items, one.examples, time_cell(one.collection.created_at), id)
        for one, id in zip(page.items, ids, strict=True)
    ]
    none = "No collections yet. Create one with: understudy promote --session NAME --to COLLECTION"
    print_page(COLLECTION_COLUMNS, rows, none, page=page, request=request)


@collections.command("show")
@collection_name()
@json_option
@with_store
def show_collection(store: Store, name: str, as_json: bool) -> None:
    """Show the collection NAME with its requests and their examples."""
    from understudy.proxy.operations.views.collections import collection_contents_json

    contents = operations.read_collection(store, name)
    if as_json:
        print_json(collection_contents_json(contents))
    else:
        _print_contents(store, contents)


@collections.command("create")
@collection_name()
@variable_option
@json_option
@making_store
def create_collection(store: Store, name: str, variables: tuple[str, ...], as_json: bool) -> None:
    """Create the empty collection NAME."""
    collection = operations.create_collection(store, name, dict(map(variable, variables)), actor=current_user())
    if as_json:
        _print_collection(store, collection)
        return
    print_advice(f"Created collection {collection.name}. Fill it with: understudy examples add NAME 'METHOD PATH'")


@collections.command("set")
@collection_name()
@variable_option
@click.option("--remove-variable", "removed", metavar="KEY", multiple=True, help="Remove a variable.")
@json_option
@with_store
def set_collection(
    store: Store, name: str, variables: tuple[str, ...], removed: tuple[str, ...], as_json: bool
) -> None:
    """Set or remove variables of the collection NAME.

    \b
    understudy collections set shop --variable base=https://api.example.com --remove-variable old
    """
    if not variables and not removed:
        raise UserError("nothing to change: give --variable KEY=VALUE or --remove-variable KEY")
    new = dict(map(variable, variables))
    collection = operations.set_collection_variables(store, name, new, removed, actor=current_user())
    if as_json:
        _print_collection(store, collection)
    else:
        print_line(f"Saved collection {collection.name}.")
    wait_for_gateways(store)


@collections.command("rename")
@collection_name()
@click.argument("new_name")
@json_option
@with_store
def rename_collection(store: Store, name: str, new_name: str, as_json: bool) -> None:
    """Give the collection NAME the name NEW_NAME. Mock servers and gateways that use it go on."""
    collection = operations.rename_collection(store, name, new_name, actor=current_user())
    if as_json:
        _print_collection(store, collection)
    else:
        print_line(f"Renamed the collection to {collection.name}.")


@collections.command("copy")
@collection_name()
@click.argument("new_name")
@json_option
@with_store
def copy_collection(store: Store, name: str, new_name: str, as_json: bool) -> None:
    """Copy the collection NAME with all that is in it to the new collection NEW_NAME."""
    from understudy.proxy.operations.collections.copy_collection import copy_collection as copy

    with progress(f"copying to {new_name}") as step:
        collection = copy(store, name, new_name, actor=current_user(), step=step)
    if as_json:
        _print_collection(store, collection)
    else:
        summary = operations.summarize_collection(store, collection)
        print_line(f"Copied {counted(summary.examples, 'example')} to collection {collection.name}.")


@collections.command("delete")
@collection_name()
@deletion_options
@with_store
def delete_collection(store: Store, name: str, deleting: Deleting) -> None:
    """Delete the collection NAME with its examples. History stays. It can be undone for a week."""
    from understudy.proxy.operations.trash.previews import preview_collection

    forever = deleting.confirm(lambda: preview_collection(store, name), "History stays.")
    deleted = operations.delete_collection(store, name, forever=forever, actor=current_user())
    deleting.report("collection", deleted.thing.name, deleted, f"Deleted collection {deleted.thing.name}")


def _print_collection(store: Store, collection: Collection) -> None:
    from understudy.proxy.operations.views.collections import collection_json

    print_json(collection_json(operations.summarize_collection(store, collection)))


def _print_contents(store: Store, contents: CollectionContents) -> None:
    items, examples = contents.items, contents.examples
    print_line(f"{contents.collection.name}: {counted(len(items), 'request')}, {counted(len(examples), 'example')}")
    for key, value in sorted(contents.collection.variables.items()):
        print_line(f"  {key} = {value}")
    print_table(choose_columns(examples), list_rows(store, examples), "It is empty.")
