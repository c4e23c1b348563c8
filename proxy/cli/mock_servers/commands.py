"""The commands about mock servers as kept things; those that make, serve and break them have files of their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from understudy.proxy.cli.behaviour_options import behaviour_options, check_one, matching_options
from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.mock_server_output import MOCK_COLUMNS, mock_json, mock_rows, setting_rows
from understudy.proxy.cli.options import json_option, making_store, say_if_not_in_force, with_store
from understudy.proxy.cli.output import print_json, print_table
from understudy.store.errors import UserError
from understudy.store.model.mock_servers import MockServer
from understudy.store.repositories.store import Store

Command = Callable[..., Any]
ELSEWHERE = {
    "create": "understudy.proxy.cli.mock_servers.create:create",
    "errors": "understudy.proxy.cli.mock_servers.server_errors:errors",
    "logs": "understudy.proxy.cli.mock_servers.logs:logs",
    "serve": "understudy.proxy.cli.mock_servers.serve:serve",
    "verify": "understudy.proxy.cli.mock_servers.verify:verify",
}
MOST_LOGGED = 1_000_000

environment_option = click.option("--environment", metavar="NAME", help="Its variables beat those of the collection.")
slug_option = click.option("--slug", metavar="TEXT", help="Its name in URLs [default: made from its name].")
log_limit_option = click.option(
    "--log-limit", type=click.IntRange(0, MOST_LOGGED), metavar="N", help="Keep the newest N calls [10000]."
)


@click.group(cls=LazyGroup, elsewhere=ELSEWHERE)
def mocks() -> None:
    """Collections made callable: mock servers with a URL.

    NAME is a mock server's name, its slug or its id.
    """


@mocks.command("list")
@json_option
@with_store
def list_mocks(store: Store, as_json: bool) -> None:
    """List the mock servers."""
    if as_json:
        print_json([mock_json(store, mock) for mock in store.mock_servers.list()])
        return
    empty = "No mock servers yet. Make one with: understudy mocks create NAME --collection COLLECTION"
    print_table(MOCK_COLUMNS, mock_rows(store), empty)


@mocks.command("show")
@click.argument("name")
@json_option
@with_store
def show_mock(store: Store, name: str, as_json: bool) -> None:
    """Show the mock server NAME."""
    mock = store.mock_servers.find(name)
    if as_json:
        print_json(mock_json(store, mock))
        return
    print_table(("SETTING", "VALUE"), setting_rows(store, mock), "")


@mocks.command("edit")
@click.argument("name")
@click.option("--name", "new_name", metavar="TEXT", help="A new name; its URL stays.")
@slug_option
@click.option("--collection", metavar="NAME", hidden=True)
@environment_option
@click.option("--no-environment", is_flag=True, help="No environment any more.")
@click.option("--private/--public", default=None, help="Answer only calls with a valid key, or every call.")
@behaviour_options(clearing=True)
@matching_options(clearing=True)
@click.option("--usual-distance", is_flag=True, help="Leave --distance to what its collection usually takes.")
@click.option("--cors/--no-cors", default=None, help="Let browsers call it from other pages.")
@log_limit_option
@with_store
def edit_mock(
    store: Store,
    name: str,
    new_name: str | None,
    collection: str | None,
    behaviour: dict[str, Any],
    matching: dict[str, Any],
    usual_distance: bool,
    **fields: Any,
) -> None:
    """Change the mock server NAME: everything but its collection.

    \b
    understudy mocks edit shop --delay 3G --match-body
    understudy mocks edit shop --no-delay --private
    """
    from understudy.proxy.operations.mock_servers.mock_servers import edited, moved

    mock = store.mock_servers.find(name)
    if collection is not None:
        new = f"understudy mocks create NAME --collection {collection}"
        raise UserError(f"the collection of a mock server cannot be changed; create a new mock server: {new}")
    if usual_distance:
        check_one("--distance", "distance" in matching, cleared=True)
        matching = {**matching, "distance": None}
    changes = _changes(store, mock, behaviour, matching, {**fields, "name": new_name})
    if not changes:
        raise UserError("say what to change; understudy mocks edit --help lists the options")
    new_mock = edited(store, mock, changes)
    store.mock_servers.save(new_mock)
    click.echo(f"Saved mock server {new_mock.name}.")
    for environment in moved(store, mock, new_mock):
        store.environments.save(environment)
        click.echo(f"Its new URL is in environment {environment.name}.")
    say_if_not_in_force(store)


def _changes(
    store: Store, mock: MockServer, behaviour: dict[str, Any], matching: dict[str, Any], fields: dict[str, Any]
) -> dict[str, Any]:
    from understudy.proxy.operations.mock_servers.mock_servers import environment_id

    no_environment, environment = fields.pop("no_environment"), fields.pop("environment")
    check_one("--environment", environment is not None, no_environment)
    changes = {name: value for name, value in fields.items() if value is not None}
    if environment is not None or no_environment:
        changes["environment_id"] = None if no_environment else environment_id(store, environment)
    if behaviour:
        changes["behaviour"] = replace(mock.behaviour, **behaviour)
    if matching:
        changes["matching"] = replace(mock.matching, **matching)
    return changes


@mocks.command("delete")
@click.argument("name")
@with_store
def delete_mock(store: Store, name: str) -> None:
    """Delete the mock server NAME with its call log. Its collection stays."""
    mock = store.mock_servers.find(name)
    for gateway in store.gateways.list_living(time.time()):
        if gateway.desired_state.mock_server_id == mock.id:
            switch = f"understudy mode pass --gateway {gateway.name}"
            raise UserError(f"{gateway.name} is answering as mock server {mock.name}; switch it first: {switch}")
    store.mock_servers.delete(mock.id)
    click.echo(f"Deleted mock server {mock.name}.")


@mocks.command("reset")
@click.argument("name")
@with_store
def reset_mock(store: Store, name: str) -> None:
    """Have the sequences of the mock server NAME start over."""
    mock = store.mock_servers.find(name)
    store.mock_servers.restart_sequences(mock.id)
    click.echo(f"The sequences of {mock.name} start over.")
    say_if_not_in_force(store)


@mocks.command("policy")
@click.option("--public", type=click.Choice(["allow", "forbid"]), help="Whether mock servers may be public.")
@json_option
@making_store
def policy(store: Store, public: str | None, as_json: bool) -> None:
    """Show or set whether mock servers may be public. What is public already stays so."""
    from understudy.proxy.operations.mock_servers.mock_servers import FORBID_PUBLIC, is_public_forbidden

    if public is not None:
        store.settings.set(FORBID_PUBLIC, public == "forbid")
    forbidden = is_public_forbidden(store)
    open_ones = [mock.name for mock in store.mock_servers.list() if not mock.private]
    if as_json:
        print_json({"public": "forbid" if forbidden else "allow", "public_mock_servers": open_ones})
        return
    click.echo(f"Public mock servers are {'forbidden' if forbidden else 'allowed'}.")
    if forbidden and open_ones:
        click.echo(f"Still public: {', '.join(open_ones)}; change that with: understudy mocks edit NAME --private")
