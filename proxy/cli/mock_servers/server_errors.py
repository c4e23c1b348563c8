"""The commands `mocks errors ...`: saved 5xx responses, one of which can answer every call."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

import click

from understudy.proxy.cli.options import body_argument, json_option, say_if_not_in_force, with_store
from understudy.proxy.cli.output import print_json, print_table, size_of
from understudy.proxy.operations.views.messages import body_json
from understudy.store.errors import NotFound, UserError
from understudy.store.model.ids import new_id
from understudy.store.model.mock_servers import MockServer, ServerError
from understudy.store.model.naming import describe_choices
from understudy.store.repositories.store import Store

FIRST, LAST = 500, 599


@click.group()
def errors() -> None:
    """Saved 5xx responses of a mock server; one of them can be active, and answers every call then."""


@errors.command("list")
@click.argument("name")
@json_option
@with_store
def list_errors(store: Store, name: str, as_json: bool) -> None:
    """List the server errors of the mock server NAME."""
    mock = store.mock_servers.find(name)
    found = store.mock_servers.list_server_errors(mock.id)
    if as_json:
        print_json([_json(mock, error) for error in found])
        return
    rows = [
        (one.name, one.response.status, size_of(one.response.body), "active" if one.id == mock.server_error_id else "")
        for one in found
    ]
    empty = f"No server errors. Save one with: understudy mocks errors add {mock.name} down --status 503"
    print_table(("SERVER ERROR", "STATUS", "BYTES", ""), rows, empty)


@errors.command("add")
@click.argument("name")
@click.argument("error")
@click.option("--status", type=click.IntRange(FIRST, LAST), default=500, show_default=True, help="Its status.")
@click.option("--body", metavar="TEXT|@FILE", default="", help="Its body; @- reads it from standard input.")
@click.option("--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header.")
@click.option("--activate", is_flag=True, help="Have it answer every call from now on.")
@with_store
def add_error(
    store: Store, name: str, error: str, status: int, body: str, headers: tuple[str, ...], activate: bool
) -> None:
    """Save the server error ERROR for the mock server NAME.

    \b
    understudy mocks errors add shop down --status 503 --header 'Retry-After: 5' --body '{"error": "down"}'
    """
    from understudy.proxy.operations.collections.example_document import header_field
    from understudy.proxy.operations.collections.request_lines import typed_response

    mock = store.mock_servers.find(name)
    response = typed_response(status, map(header_field, headers), body_argument(body, "--body"))
    saved = ServerError(new_id(), mock.id, error, replace(response, reason=_reason(status)))
    store.mock_servers.save_server_error(saved)
    click.echo(f"Saved server error {error} ({status}) for {mock.name}.")
    if activate:
        _activate(store, mock, saved)


@errors.command("delete")
@click.argument("name")
@click.argument("error")
@with_store
def delete_error(store: Store, name: str, error: str) -> None:
    """Delete the server error ERROR of the mock server NAME."""
    found = _find(store, store.mock_servers.find(name), error)
    store.mock_servers.delete_server_error(found.id)
    click.echo(f"Deleted server error {found.name}.")
    say_if_not_in_force(store)


@errors.command("activate")
@click.argument("name")
@click.argument("error")
@with_store
def activate_error(store: Store, name: str, error: str) -> None:
    """Have the server error ERROR answer every call to the mock server NAME."""
    mock = store.mock_servers.find(name)
    _activate(store, mock, _find(store, mock, error))


@errors.command("off")
@click.argument("name")
@with_store
def deactivate(store: Store, name: str) -> None:
    """Have no server error answer calls to the mock server NAME any more."""
    mock = store.mock_servers.find(name)
    if mock.server_error_id is None:
        raise UserError(f"no server error of {mock.name} is active")
    store.mock_servers.save(replace(mock, server_error_id=None))
    click.echo(f"{mock.name} answers from its examples again.")
    say_if_not_in_force(store)


def _activate(store: Store, mock: MockServer, error: ServerError) -> None:
    store.mock_servers.save(replace(mock, server_error_id=error.id))
    off = f"understudy mocks errors off {mock.slug}"
    click.echo(f"{mock.name} answers every call with {error.response.status} now; again from its examples: {off}")
    say_if_not_in_force(store)


def _find(store: Store, mock: MockServer, text: str) -> ServerError:
    found = store.mock_servers.list_server_errors(mock.id)
    for error in found:
        if text in (error.name, error.id):
            return error
    names = describe_choices([error.name for error in found])
    raise NotFound(f"{mock.name} has no server error {text!r}; {names}")


def _reason(status: int) -> bytes:
    return HTTPStatus(status).phrase.encode() if status in set(HTTPStatus) else b""


def _json(mock: MockServer, error: ServerError) -> dict[str, Any]:
    assert isinstance(error.response.body, bytes)
    return {
        "id": error.id,
        "name": error.name,
        "status": error.response.status,
        "active": error.id == mock.server_error_id,
        "headers": list(error.response.headers),
        **body_json(error.response.body),
    }
