"""The commands about examples."""

from __future__ import annotations

import signal
import tempfile

import click

from understudy.proxy.cli.collections.example_table import choose_columns, list_marks, list_rows
from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.naming_options import collection_name, example_name
from understudy.proxy.cli.options import (
    current_user,
    json_option,
    page_options,
    raw_option,
    wait_for_gateways,
    with_store,
)
from understudy.proxy.cli.output import message_text, print_json, print_page, print_warnings
from understudy.proxy.cli.questions import ask
from understudy.proxy.cli.tables.cells import show_id
from understudy.proxy.cli.terminal_text import print_line, print_recorded
from understudy.proxy.cli.trash.deleting import Deleting, deletion_options
from understudy.proxy.operations.collections import examples as operations
from understudy.proxy.operations.collections.example_document import as_document
from understudy.proxy.operations.collections.examples import ExampleContents
from understudy.proxy.operations.collections.typing_checks import BrokenJson
from understudy.proxy.operations.views.collections import example_contents_json, example_json
from understudy.proxy.signals import SignalHandler
from understudy.store.errors import UserError
from understudy.store.model.collections import Example
from understudy.store.model.ids import IdKind
from understudy.store.repositories.paging import PageRequest
from understudy.store.repositories.store import Store

collection_option = click.option("-c", "--collection", metavar="NAME", help="In this collection only.")


@click.group(
    cls=LazyGroup,
    elsewhere={
        "add": "understudy.proxy.cli.collections.add_example:add",
        "set": "understudy.proxy.cli.collections.change_example:set_example",
        "sequence": "understudy.proxy.cli.collections.change_example:sequence",
    },
)
def examples() -> None:
    """Saved responses, each with the request it answers.

    EXAMPLE is an id, the end of an id (4 characters or more), or a name such as "GET /users/1 - 200".
    """


@examples.command("list")
@collection_name("collection", "COLLECTION")
@page_options("ID")
@json_option
@with_store
def list_examples(store: Store, collection: str, request: PageRequest[str], as_json: bool) -> None:
    """List the examples of COLLECTION, by id."""
    page = operations.read_example_page(store, collection, request)
    if as_json:
        print_json([example_json(example) for example in page.items])
        return
    rows = list_rows(store, page.items)
    print_page(choose_columns(page.items), rows, "It has no examples.", page=page, request=request)


@examples.command("show")
@example_name()
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
        _print_contents(contents, show_id(store, IdKind.EXAMPLE, contents.example.id), raw=raw)


@examples.command("edit")
@example_name()
@collection_option
@json_option
@with_store
def edit_example(store: Store, example: str, collection: str | None, as_json: bool) -> None:
    """Edit EXAMPLE in $EDITOR: its name, request and response."""
    before = operations.read_example(store, example, collection)
    document = _edit(as_document(before.example, before.request_body, before.response_body))
    if document is None:
        print_json(example_json(before.example)) if as_json else print_line("Nothing was changed.")
    else:
        report_saved(store, _save(store, before, document), as_json=as_json)


@examples.command("delete")
@example_name()
@collection_option
@deletion_options
@with_store
def delete_example(store: Store, example: str, collection: str | None, deleting: Deleting) -> None:
    """Delete EXAMPLE. It can be undone for a week."""
    from understudy.proxy.operations.trash.previews import preview_example

    forever = deleting.confirm(lambda: preview_example(store, example, collection))
    deleted = operations.delete_example(store, example, collection, forever=forever, actor=current_user())
    found = deleted.thing
    deleting.report("example", found.id, deleted, f"Deleted {found.name} ({show_id(store, IdKind.EXAMPLE, found.id)})")
    wait_for_gateways(store)


def _print_contents(contents: ExampleContents, shown_id: str, *, raw: bool) -> None:
    example, request, response = contents.example, contents.example.request, contents.example.response
    asked = message_text(f"{request.method} {request.url}", request.headers, contents.request_body, raw=raw)
    line = f"{response.status} {response.reason.decode('latin-1')}".rstrip()
    answered = message_text(line, response.headers, contents.response_body, raw=raw)
    print_line(f"{example.name} ({', '.join([shown_id, *list_marks(example)])})")
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


def report_saved(store: Store, example: Example, *, as_json: bool) -> None:
    """Print what was saved, with warnings, and wait until gateways use it."""
    from understudy.proxy.operations.collections.request_warnings import list_request_warnings

    if as_json:
        print_json(example_json(example))
    else:
        print_line(f"Saved {example.name} ({show_id(store, IdKind.EXAMPLE, example.id)}).")
    print_warnings(list_request_warnings(example))
    wait_for_gateways(store)


def _rescue(text: str) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".http", prefix="understudy-", delete=False, encoding="utf-8") as file:
        file.write(text)
    return file.name
