"""The commands about environments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from understudy.proxy.cli.options import json_option, making_store, say_if_not_in_force, variable, with_store
from understudy.proxy.cli.output import counted, print_json, print_table
from understudy.store.errors import NotFound, UserError
from understudy.store.model.collections import Environment
from understudy.store.model.ids import new_id
from understudy.store.model.naming import describe_choices
from understudy.store.repositories.store import Store


@click.group()
def environments() -> None:
    """Named variables for mock servers; they beat those of a collection."""


@environments.command("list")
@json_option
@with_store
def list_environments(store: Store, as_json: bool) -> None:
    """List the environments."""
    found = store.environments.list()
    if as_json:
        print_json([_json(store, one) for one in found])
        return
    rows = [(one.name, len(one.variables), ", ".join(_users(store, one))) for one in found]
    empty = "No environments yet. Make one with: understudy environments set NAME KEY=VALUE"
    print_table(("ENVIRONMENT", "VARIABLES", "USED BY"), rows, empty)


@environments.command("show")
@click.argument("name")
@json_option
@with_store
def show_environment(store: Store, name: str, as_json: bool) -> None:
    """Show the environment NAME with its variables and their values."""
    found = store.environments.find(name)
    if as_json:
        print_json(_json(store, found))
        return
    print_table(("VARIABLE", "VALUE"), sorted(found.variables.items()), "It has no variables.")


@environments.command("set")
@click.argument("name")
@click.argument("variables", metavar="[KEY=VALUE]...", nargs=-1)
@making_store
def set_variables(store: Store, name: str, variables: tuple[str, ...]) -> None:
    """Set variables of the environment NAME, which is made when there is none.

    \b
    understudy environments set stage base=https://stage.example.com limit=20
    """
    new = dict(variable(text) for text in variables)
    try:
        environment = store.environments.find(name)
    except NotFound:
        environment = Environment(new_id(), name)
    _save(store, replace(environment, variables={**environment.variables, **new}))


@environments.command("unset")
@click.argument("name")
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@with_store
def unset_variables(store: Store, name: str, keys: tuple[str, ...]) -> None:
    """Take variables out of the environment NAME."""
    environment = store.environments.find(name)
    check_known(environment.variables, keys)
    left = {key: value for key, value in environment.variables.items() if key not in keys}
    _save(store, replace(environment, variables=left))


@environments.command("delete")
@click.argument("name")
@with_store
def delete_environment(store: Store, name: str) -> None:
    """Delete the environment NAME."""
    environment = store.environments.find(name)
    store.environments.delete(environment.id)
    click.echo(f"Deleted environment {environment.name}.")


def check_known(variables: Any, keys: tuple[str, ...]) -> None:
    """Raise UserError for keys that are no variables."""
    for key in keys:
        if key not in variables:
            raise UserError(f"there is no variable {key!r}; {describe_choices(sorted(variables))}")


def _save(store: Store, environment: Environment) -> None:
    store.environments.save(environment)
    click.echo(f"Saved environment {environment.name}: {counted(len(environment.variables), 'variable')}.")
    say_if_not_in_force(store)


def _users(store: Store, environment: Environment) -> list[str]:
    return [mock.name for mock in store.mock_servers.list() if mock.environment_id == environment.id]


def _json(store: Store, environment: Environment) -> dict[str, Any]:
    return {
        "id": environment.id,
        "name": environment.name,
        "variables": dict(environment.variables),
        "used_by": _users(store, environment),
    }
