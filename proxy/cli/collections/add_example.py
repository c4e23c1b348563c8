"""The command `examples add`: an example that a person types in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.behaviour_options import behaviour_options
from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.naming_options import collection_name
from understudy.proxy.cli.options import (
    body_argument,
    current_user,
    json_option,
    list_typed_bodies,
    making_store,
    wait_for_gateways,
)
from understudy.proxy.cli.output import print_json, print_warnings
from understudy.proxy.cli.tables.cells import show_id
from understudy.proxy.cli.terminal_text import print_line
from understudy.store.model.ids import IdKind
from understudy.store.model.mock_servers import Behaviour
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.proxy.operations.collections.examples import ExampleDraft


@click.command("add", cls=UnderstudyCommand)
@collection_name("collection", "COLLECTION")
@click.argument("request", metavar="'METHOD PATH'")
@click.option("--status", type=int, metavar="CODE", default=200, show_default=True, help="The status of the response.")
@click.option("--body", metavar="TEXT|@FILE", default="", help="The body of the response; @- reads standard input.")
@click.option("--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header of the response.")
@click.option("--request-body", metavar="TEXT|@FILE", default="", help="The body of the request.")
@click.option(
    "--request-header", "request_headers", metavar="'NAME: VALUE'", multiple=True, help="A header of the request."
)
@click.option("--name", metavar="TEXT", help="Its name [default: made from the request and the status].")
@click.option("--templates/--no-templates", default=True, help="Fill in {{...}} in the response; on by default.")
@behaviour_options()
@json_option
@making_store
def add(store: Store, collection: str, as_json: bool, **inputs: Any) -> None:
    """Add an example to COLLECTION that answers 'METHOD PATH'.

    {{name}} and :name in the path stand for any one segment. Without --header 'Content-Type: ...' the beginning of the
    body decides the type.

    \b
    understudy examples add shop 'GET /users/{{id}}' --body '{"id": "{{id}}", "name": "Ada"}'
    understudy examples add shop 'POST /orders' --status 201 --header 'Location: /orders/7' --delay 100-300
    """
    from understudy.proxy.operations.collections.examples import add_example
    from understudy.proxy.operations.collections.request_warnings import list_request_warnings
    from understudy.proxy.operations.views.collections import example_json

    example = add_example(store, collection, _read_draft(**inputs), actor=current_user())
    if as_json:
        print_json(example_json(example))
    else:
        print_line(f"Added {example.name} ({show_id(store, IdKind.EXAMPLE, example.id)}).")
    print_warnings(list_request_warnings(example))
    wait_for_gateways(store)


def _read_draft(
    *,
    request: str,
    status: int,
    body: str,
    headers: tuple[str, ...],
    request_body: str,
    request_headers: tuple[str, ...],
    name: str | None,
    templates: bool,
    behaviour: dict[str, Any],
) -> ExampleDraft:
    from understudy.proxy.operations.collections.example_document import header_field
    from understudy.proxy.operations.collections.examples import ExampleDraft
    from understudy.proxy.operations.collections.request_lines import (
        read_status,
        read_typed,
        typed_request,
        typed_response,
    )
    from understudy.store.errors import UserError

    typed = read_typed(request, "'METHOD PATH', such as 'GET /users/1'")
    if typed.status is not None:
        raise UserError(f"the status and body of an example are options: --status {typed.status} --body TEXT")
    asked = typed_request(typed, map(header_field, request_headers), body_argument(request_body, "--request-body"))
    body_bytes = body_argument(body, "--body")
    answer = typed_response(read_status(str(status)), map(header_field, headers), body_bytes)
    typed_bodies = list_typed_bodies(request_body, body)
    return ExampleDraft(asked, answer, name, templates, Behaviour(**behaviour), typed_bodies)
