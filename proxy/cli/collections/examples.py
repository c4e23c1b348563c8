"""The commands about examples."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterable
from typing import Any

import click

from understudy.proxy.cli.behaviour_options import behaviour_options
from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.options import (
    body_argument,
    current_user,
    json_option,
    list_typed_bodies,
    page_options,
    raw_option,
    wait_for_gateways,
    with_store,
)
from understudy.proxy.cli.output import message_text, print_json, print_page, print_warnings
from understudy.proxy.cli.questions import ask
from understudy.proxy.cli.terminal_text import print_line, print_recorded
from understudy.proxy.operations.collections import examples as operations
from understudy.proxy.operations.collections.example_document import as_document
from understudy.proxy.operations.collections.examples import ExampleChanges, ExampleContents
from understudy.proxy.operations.collections.typing_checks import BrokenJson
from understudy.proxy.operations.views.behaviours import behaviour_json
from understudy.proxy.operations.views.collections import example_contents_json, example_json
from understudy.proxy.signals import SignalHandler
from understudy.store.errors import UserError
from understudy.store.model.collections import Example
from understudy.store.model.messages import measure_body
from understudy.store.model.mock_servers import PLAIN
from understudy.store.repositories.paging import PageRequest
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
@page_options("ID")
@json_option
@with_store
def list_examples(store: Store, collection: str, request: PageRequest[str], as_json: bool) -> None:
    """List the examples of COLLECTION, by id."""
    page = operations.read_example_page(store, collection, request)
    if as_json:
        print_json([example_json(example) for example in page.items])
        return
    print_page(EXAMPLE_COLUMNS, example_rows(page.items), "It has no examples.", page=page, request=request)


@examples.command("show")
@click.argument("example")
@collection_option
@raw_option
@json_option
@with_store
def show_example(store: Store, example: str, collection: str | None, raw: bool, as_json: bool) -> None:
    """Show EXAMPLE."""
    contents = operations.read_example(store, example, collection)
    if as_json:
        print_json(example_contents_json(contents))
    else:
        _print_contents(contents, raw=raw)


@examples.command("edit")
@click.argument("example")
@collection_option
@with_store
def edit_example(store: Store, example: str, collection: str | None) -> None:
    """Edit EXAMPLE in $EDITOR: its name, request and response."""
    before = operations.read_example(store, example, collection)
    document = _edit(as_document(before.example, before.request_body, before.response_body))
    if document is None:
        print_line("Nothing was changed.")
    else:
        _report(store, _save(store, before, document))


@examples.command("set")
@click.argument("example")
@collection_option
@click.option("--name", metavar="TEXT", help="A new name.")
@click.option("--path", metavar="PATH", help="The path of the request; in it, {{name}} stands for any one segment.")
@click.option("--status", type=int, metavar="CODE", help="The status of the response.")
@click.option("--body", metavar="TEXT|@FILE", help="The body of the response; @- reads it from standard input.")
@click.option("--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="Set a header of the response.")
@click.option("--remove-header", "removed", metavar="NAME", multiple=True, help="Remove a header of the response.")
@click.option("--templates/--no-templates", default=None, help="Fill in {{...}} in the response, or leave it as it is.")
@behaviour_options(clearing=True)
@with_store
def set_example(
    store: Store, example: str, collection: str | None, body: str | None, removed: tuple[str, ...], **fields: Any
) -> None:
    """Change single things of EXAMPLE.

    \b
    understudy examples set "GET /users/1 - 200" --status 503 --header 'Retry-After: 5' --body '{"error": "busy"}'
    understudy examples set "GET /users/1 - 200" --path '/users/{{id}}'
    """
    body_bytes = None if body is None else body_argument(body, "--body")
    typed = list_typed_bodies(None, body)
    changes = ExampleChanges(body=body_bytes, removed_headers=removed, typed=typed, **fields)
    if changes == ExampleChanges(headers=(), typed=[]):
        raise UserError(
            "nothing to change: give --name, --path, --status, --body, --header, --remove-header, --templates,"
            " or what it does on purpose: --delay, --bytes-per-second, --fault, --rate-limit"
        )
    _report(store, operations.change_example(store, example, changes, collection=collection, actor=current_user()))


@examples.command("delete")
@click.argument("example")
@collection_option
@with_store
def delete_example(store: Store, example: str, collection: str | None) -> None:
    """Delete EXAMPLE."""
    deleted = operations.delete_example(store, example, collection, actor=current_user())
    print_line(f"Deleted {deleted.name} ({deleted.id}).")
    wait_for_gateways(store)


def example_rows(found: Iterable[Example]) -> list[tuple[object, ...]]:
    """Return the table rows of examples, by EXAMPLE_COLUMNS."""
    return [
        (
            one.id,
            one.name,
            one.response.status,
            (one.response.headers.get("content-type") or "").split(";")[0],
            measure_body(one.response.body),
            ", ".join(_marks(one)),
        )
        for one in found
    ]


def _marks(example: Example) -> list[str]:
    marks = [word for word, holds in (("edited", example.edited), ("templates", example.templates)) if holds]
    behaviour = behaviour_json(example.behaviour).items() if example.behaviour != PLAIN else ()
    return [*marks, *(f"{name.replace('_', ' ')} {value}" for name, value in behaviour if value is not None)]


def _print_contents(contents: ExampleContents, *, raw: bool) -> None:
    example, request, response = contents.example, contents.example.request, contents.example.response
    asked = message_text(f"{request.method} {request.url}", request.headers, contents.request_body, raw=raw)
    line = f"{response.status} {response.reason.decode('latin-1')}".rstrip()
    answered = message_text(line, response.headers, contents.response_body, raw=raw)
    print_line(f"{example.name} ({', '.join([example.id, *_marks(example)])})")
    print_recorded(f"\n{asked}\n\n{answered}", raw=raw)


def _save(store: Store, before: ExampleContents, document: str) -> Example:
    """Save an edited document. As long as that is refused, a person is asked whether to edit it again."""
    while True:
        try:
            return operations.save_document(store, before, document, actor=current_user())
        except UserError as error:
            problem = str(error)
            if ask(f"{problem[0].upper()}{problem[1:]}. Edit it again?", default=True):
                document = _edit(document) or document
            elif isinstance(error, BrokenJson) and ask("Save it as it is?"):
                return operations.save_document(store, before, document, accept_broken_json=True, actor=current_user())
            else:
                raise UserError(f"{error}; your text is kept in {_rescue(document)}") from error


def _edit(document: str) -> str | None:
    """Return a document as the editor left it; None where nothing was saved."""
    try:
        with SignalHandler([signal.SIGINT]):  # a terminal sends it to the editor too, which it is meant for
            return click.edit(document, extension=".http")
    except (OSError, UnicodeDecodeError, click.ClickException) as error:
        reason = error.message if isinstance(error, click.ClickException) else error
        raise UserError(f"the editor left no text that can be read, nothing was changed: {reason}") from error


def _report(store: Store, example: Example) -> None:
    from understudy.proxy.operations.collections.request_warnings import list_request_warnings

    print_line(f"Saved {example.name} ({example.id}).")
    print_warnings(list_request_warnings(example))
    wait_for_gateways(store)


def _rescue(text: str) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".http", prefix="understudy-", delete=False, encoding="utf-8") as file:
        file.write(text)
    return file.name
