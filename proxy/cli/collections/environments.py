"""The commands about environments."""

from __future__ import annotations

import click

from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.naming_options import environment_name
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
from understudy.proxy.cli.output import counted, print_json, print_page, print_table
from understudy.proxy.cli.tables.cells import id_cells
from understudy.proxy.cli.tables.table import NAME_WIDTH, Column, Cut
from understudy.proxy.cli.terminal_text import print_line
from understudy.proxy.cli.trash.deleting import Deleting, deletion_options
from understudy.proxy.operations.collections import environments as operations
from understudy.store.model.collections import Environment
from understudy.store.model.ids import IdKind
from understudy.store.repositories.paging import PageRequest
from understudy.store.repositories.store import Store

ENVIRONMENT_COLUMNS = (
    Column("ENVIRONMENT", Cut.END, least=NAME_WIDTH),
    Column("VARIABLES", drop=2),
    Column("USED BY", Cut.END, drop=1),
    Column("ID"),
)


@click.group(cls=LazyGroup)
def environments() -> None:
    """Named variables for mock servers; they take precedence over those of a collection."""


@environments.command("list")
@page_options("ENVIRONMENT")
@json_option
@with_store
def list_environments(store: Store, request: PageRequest[str], as_json: bool) -> None:
    """List the environments."""
    from understudy.proxy.operations.views.collections import environment_json

    warn_of_missing_key(request, [one.name for one in store.environments.list()], "environment")
    page = operations.read_environment_page(store, request)
    if as_json:
        print_json([environment_json(one) for one in page.items])
        return
    ids = id_cells(store, IdKind.ENVIRONMENT, [one.environment.id for one in page.items])
    rows = [
        (one.environment.name, len(one.environment.variables), ", ".join(one.used_by), id)
        for one, id in zip(page.items, ids, strict=True)
    ]
    empty = "No environments yet. Create one with: understudy environments set NAME KEY=VALUE"
    print_page(ENVIRONMENT_COLUMNS, rows, empty, page=page, request=request)


@environments.command("show")
@environment_name()
@json_option
@with_store
def show_environment(store: Store, name: str, as_json: bool) -> None:
    """Show the environment NAME with its variables and their values."""
    from understudy.proxy.operations.views.collections import environment_json

    found = operations.read_environment(store, name)
    if as_json:
        print_json(environment_json(found))
        return
    print_table(("VARIABLE", "VALUE"), sorted(found.environment.variables.items()), "It has no variables.")


@environments.command("set")
@environment_name()
@click.argument("variables", metavar="[KEY=VALUE]...", nargs=-1)
@json_option
@making_store
def set_variables(store: Store, name: str, variables: tuple[str, ...], as_json: bool) -> None:
    """Set variables of the environment NAME; it is created if it does not exist.

    \b
    understudy environments set stage base=https://stage.example.com limit=20
    """
    new = dict(variable(text) for text in variables)
    _report(store, operations.set_variables(store, name, new, actor=current_user()), as_json=as_json)


@environments.command("unset")
@environment_name()
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@deletion_options
@with_store
def unset_variables(store: Store, name: str, keys: tuple[str, ...], deleting: Deleting) -> None:
    """Remove variables of the environment NAME. It can be undone for a week."""
    from understudy.proxy.operations.trash.previews import preview_variables
    from understudy.proxy.operations.views.collections import environment_json

    forever = deleting.confirm(lambda: preview_variables(store, name, keys))
    removed = operations.remove_variables(store, name, keys, forever=forever, actor=current_user())
    if deleting.as_json:
        shown = environment_json(operations.read_environment(store, removed.thing.id))
        print_json({**shown, "undo": removed.deletion.number if removed.deletion else None})
    else:
        left = counted(len(removed.thing.variables), "variable")
        deleting.report("variables", removed.thing.name, removed, f"Saved environment {removed.thing.name}: {left}")
    wait_for_gateways(store)


@environments.command("delete")
@environment_name()
@deletion_options
@with_store
def delete_environment(store: Store, name: str, deleting: Deleting) -> None:
    """Delete the environment NAME. It can be undone for a week."""
    from understudy.proxy.operations.trash.previews import preview_environment

    forever = deleting.confirm(lambda: preview_environment(store, name))
    deleted = operations.delete_environment(store, name, forever=forever, actor=current_user())
    deleting.report("environment", deleted.thing.name, deleted, f"Deleted environment {deleted.thing.name}")


def _report(store: Store, environment: Environment, *, as_json: bool) -> None:
    from understudy.proxy.operations.views.collections import environment_json

    if as_json:
        print_json(environment_json(operations.read_environment(store, environment.id)))
    else:
        print_line(f"Saved environment {environment.name}: {counted(len(environment.variables), 'variable')}.")
    wait_for_gateways(store)
