"""The commands about examples."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import click

from understudy.proxy.cli.behaviour_options import behaviour_options
from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.mock_server_output import behaviour_json
from understudy.proxy.cli.options import body_argument, json_option, say_if_not_in_force, with_store
from understudy.proxy.cli.output import message_text, print_json, print_table, request_json, response_json, size_of
from understudy.proxy.signals import SignalHandler
from understudy.store.errors import UserError
from understudy.store.model.collections import Example
from understudy.store.model.mock_servers import PLAIN
from understudy.store.repositories.store import Store

EXAMPLE_COLUMNS = ("ID", "EXAMPLE", "STATUS", "TYPE", "BYTES", "")

collection_option = click.option("-c", "--collection", metavar="NAME", help="In this collection only.")


@click.group(cls=LazyGroup, elsewhere={"add": "understudy.proxy.cli.collections.add_example:add"})
def examples() -> None:
    """Saved responses, each with the request it answers.

    EXAMPLE is an id, the end of an id (4 characters or more), or a name such as "GET /users/1 - 200".
    """


@examples.command("list")
@click.argument("collection")
@json_option
@with_store
def list_examples(store: Store, collection: str, as_json: bool) -> None:
    """List the examples of COLLECTION."""
    found = store.collections.list_examples(store.collections.find(collection).id)
    if as_json:
        print_json([_summary_json(example) for example in found])
        return
    print_table(EXAMPLE_COLUMNS, example_rows(found), "It has no examples.")


@examples.command("show")
@click.argument("example")
@collection_option
@json_option
@with_store
def show_example(store: Store, example: str, collection: str | None, as_json: bool) -> None:
    """Show EXAMPLE."""
    found = _find(store, example, collection)
    request_body, response_body = store.bodies.read(found.request.body), store.bodies.read(found.response.body)
    request, response = found.request, found.response
    if as_json:
        told = {"request": request_json(request, request_body), "response": response_json(response, response_body)}
        print_json({**_summary_json(found), **told})
        return
    click.echo(f"{found.name} ({', '.join([found.id, *_marks(found)])})\n")
    click.echo(message_text(f"{request.method} {request.url}", request.headers, request_body) + "\n")
    line = f"{response.status} {response.reason.decode('latin-1')}".rstrip()
    click.echo(message_text(line, response.headers, response_body))


@examples.command("edit")
@click.argument("example")
@collection_option
@with_store
def edit_example(store: Store, example: str, collection: str | None) -> None:
    """Edit EXAMPLE in $EDITOR: its name, request and response."""
    from understudy.proxy.operations.collections.example_document import as_document, from_document

    found = _find(store, example, collection)
    bodies = store.bodies.read(found.request.body), store.bodies.read(found.response.body)
    try:
        with SignalHandler([signal.SIGINT]):  # it is for the editor, which a terminal sends it, too
            edited = click.edit(as_document(found, *bodies), extension=".http")
    except (OSError, UnicodeDecodeError, click.ClickException) as error:
        reason = error.message if isinstance(error, click.ClickException) else error
        raise UserError(f"the editor did not leave a text that can be read, nothing was changed: {reason}") from error
    if edited is None:
        click.echo("Nothing was changed.")
        return
    try:
        new = from_document(edited, found, *bodies)
    except UserError as error:
        raise UserError(f"{error}; your text is kept in {_rescue(edited)}") from error
    _save(store, new)


@examples.command("set")
@click.argument("example")
@collection_option
@click.option("--name", metavar="TEXT", help="A new name.")
@click.option("--status", type=int, metavar="CODE", help="The status of the response.")
@click.option("--body", metavar="TEXT|@FILE", help="The body of the response; @- reads it from standard input.")
@click.option("--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="Set a header of the response.")
@click.option("--remove-header", "removed", metavar="NAME", multiple=True, help="Take a header out of the response.")
@click.option("--templates/--no-templates", default=None, help="Fill in {{...}} in the response, or give it as it is.")
@behaviour_options(clearing=True)
@with_store
def set_example(
    store: Store,
    example: str,
    collection: str | None,
    name: str | None,
    status: int | None,
    body: str | None,
    headers: tuple[str, ...],
    removed: tuple[str, ...],
    templates: bool | None,
    behaviour: dict[str, Any],
) -> None:
    """Change single things of EXAMPLE.

    \b
    understudy examples set "GET /users/1 - 200" --status 503 --header 'Retry-After: 5' --body '{"error": "busy"}'
    """
    from understudy.proxy.operations.collections.example_document import changed

    if (name, status, body, templates) == (None,) * 4 and not headers and not removed and not behaviour:
        raise UserError(
            "say what to change: --name, --status, --body, --header, --remove-header, --templates,"
            " or what it does on purpose: --delay, --bytes-per-second, --fault, --rate-limit"
        )
    found = _find(store, example, collection)
    new_body = None if body is None else body_argument(body, "--body")
    old_body = store.bodies.read(found.response.body)
    new = changed(found, old_body, name=name, status=status, body=new_body, headers=headers, removed_headers=removed)
    new = replace(new, behaviour=replace(new.behaviour, **behaviour))
    _save(store, new if templates is None else replace(new, templates=templates))


@examples.command("delete")
@click.argument("example")
@collection_option
@with_store
def delete_example(store: Store, example: str, collection: str | None) -> None:
    """Delete EXAMPLE."""
    found = _find(store, example, collection)
    store.collections.delete_example(found.id)
    click.echo(f"Deleted {found.name} ({found.id}).")
    say_if_not_in_force(store)


def example_rows(found: Iterable[Example]) -> list[tuple[object, ...]]:
    """Table rows of examples, by EXAMPLE_COLUMNS."""
    return [
        (
            one.id,
            one.name,
            one.response.status,
            (one.response.headers.get("content-type") or "").split(";")[0],
            size_of(one.response.body),
            ", ".join(_marks(one)),
        )
        for one in found
    ]


def _marks(example: Example) -> list[str]:
    marks = [word for word, holds in (("edited", example.edited), ("templates", example.templates)) if holds]
    behaviour = behaviour_json(example.behaviour).items() if example.behaviour != PLAIN else ()
    return [*marks, *(f"{name.replace('_', ' ')} {value}" for name, value in behaviour if value is not None)]


def _find(store: Store, text: str, collection: str | None) -> Example:
    collection_id = store.collections.find(collection).id if collection else None
    return store.collections.find_example(text, collection_id)


def _save(store: Store, example: Example) -> None:
    store.collections.save_example(example)
    click.echo(f"Saved {example.name} ({example.id}).")
    say_if_not_in_force(store)


def _rescue(text: str) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".http", prefix="understudy-", delete=False, encoding="utf-8") as file:
        file.write(text)
    return file.name


def _summary_json(example: Example) -> dict[str, Any]:
    return {
        "id": example.id,
        "name": example.name,
        "method": example.request.method,
        "url": example.request.url,
        "status": example.response.status,
        "sequence": example.sequence,
        "edited": example.edited,
        "templates": example.templates,
        **behaviour_json(example.behaviour),
        "redacted": [{"part": place.part, "name": place.name} for place in sorted(example.redacted)],
    }
