"""The commands about collections."""

from __future__ import annotations

import time
from typing import Any

import click

from understudy.proxy.cli.collections.environments import check_known
from understudy.proxy.cli.collections.examples import EXAMPLE_COLUMNS, example_rows
from understudy.proxy.cli.options import json_option, making_store, say_if_not_in_force, variable, with_store
from understudy.proxy.cli.output import counted, iso_time, local_time, print_json, print_table
from understudy.store.errors import UserError
from understudy.store.model.collections import Collection
from understudy.store.model.naming import escape_unprintable
from understudy.store.repositories.store import Store

variable_option = click.option("--variable", "variables", metavar="KEY=VALUE", multiple=True, help="Set a variable.")


@click.group()
def collections() -> None:
    """Collections of requests with their examples."""


@collections.command("list")
@json_option
@with_store
def list_collections(store: Store, as_json: bool) -> None:
    """List the collections."""
    found = store.collections.list_summaries()
    if as_json:
        print_json([_json(one.collection, one.items, one.examples) for one in found])
        return
    rows = [(one.collection.name, one.items, one.examples, local_time(one.collection.created_at)) for one in found]
    columns = ("COLLECTION", "REQUESTS", "EXAMPLES", "MADE")
    print_table(columns, rows, "No collections yet. Make one with: understudy promote --session NAME --to COLLECTION")


@collections.command("show")
@click.argument("name")
@json_option
@with_store
def show_collection(store: Store, name: str, as_json: bool) -> None:
    """Show the collection NAME with its requests and their examples."""
    collection = store.collections.find(name)
    items, examples = store.collections.list_items(collection.id), store.collections.list_examples(collection.id)
    if as_json:
        names = {item.id: item.name for item in items}
        told = [{"id": one.id, "name": one.name, "request": names[one.item_id]} for one in examples]
        print_json({**_json(collection, len(items), len(examples)), "example_list": told})
        return
    click.echo(f"{collection.name}: {counted(len(items), 'request')}, {counted(len(examples), 'example')}")
    for key, value in sorted(collection.variables.items()):
        click.echo(f"  {escape_unprintable(key)} = {escape_unprintable(value)}")
    print_table(EXAMPLE_COLUMNS, example_rows(examples), "It is empty.")


@collections.command("create")
@click.argument("name")
@variable_option
@making_store
def create_collection(store: Store, name: str, variables: tuple[str, ...]) -> None:
    """Create the collection NAME, still empty."""
    collection = store.collections.create(name, dict(map(variable, variables)))
    click.echo(f"Created collection {collection.name}. Fill it with: understudy examples add NAME 'METHOD PATH'")


@collections.command("set")
@click.argument("name")
@variable_option
@click.option("--remove-variable", "removed", metavar="KEY", multiple=True, help="Take a variable out.")
@with_store
def set_collection(store: Store, name: str, variables: tuple[str, ...], removed: tuple[str, ...]) -> None:
    """Set variables of the collection NAME, or take them out.

    \b
    understudy collections set shop --variable base=https://api.example.com --remove-variable old
    """
    if not variables and not removed:
        raise UserError("say what to change: --variable KEY=VALUE or --remove-variable KEY")
    collection = store.collections.find(name)
    check_known(collection.variables, removed)
    new = {**collection.variables, **dict(map(variable, variables))}
    store.collections.set_variables(collection.id, {key: value for key, value in new.items() if key not in removed})
    click.echo(f"Saved collection {collection.name}.")
    say_if_not_in_force(store)


@collections.command("delete")
@click.argument("name")
@with_store
def delete_collection(store: Store, name: str) -> None:
    """Delete the collection NAME with its examples. History stays."""
    collection = store.collections.find(name)
    for gateway in store.gateways.list_living(time.time()):
        if gateway.desired_state.collection_id == collection.id:
            switch = f"understudy mode pass --gateway {gateway.name}"
            raise UserError(f"{gateway.name} is answering from collection {collection.name}; switch it first: {switch}")
    store.collections.delete(collection.id)
    click.echo(f"Deleted collection {collection.name}.")


def _json(collection: Collection, items: int, examples: int) -> dict[str, Any]:
    return {
        "id": collection.id,
        "name": collection.name,
        "created_at": iso_time(collection.created_at),
        "variables": dict(collection.variables),
        "requests": items,
        "examples": examples,
    }
