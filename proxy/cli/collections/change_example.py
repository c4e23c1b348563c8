"""The commands that change single things of examples: `examples set` and `examples sequence`."""

from __future__ import annotations

from typing import Any

import click

from understudy.proxy.cli.behaviour_options import behaviour_options
from understudy.proxy.cli.collections.examples import collection_option, report_saved
from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.naming_options import example_name
from understudy.proxy.cli.options import (
    body_argument,
    current_user,
    json_option,
    list_typed_bodies,
    wait_for_gateways,
    with_store,
)
from understudy.proxy.cli.output import print_json
from understudy.proxy.cli.tables.cells import show_id
from understudy.proxy.cli.terminal_text import print_line
from understudy.proxy.operations.collections import examples as operations
from understudy.proxy.operations.collections.examples import ExampleChanges
from understudy.store.errors import UserError
from understudy.store.model.ids import IdKind
from understudy.store.repositories.store import Store


@click.command("set", cls=UnderstudyCommand)
@example_name()
@collection_option
@click.option("--name", metavar="TEXT", help="A new name.")
@click.option("--method", metavar="METHOD", help="The method of the request.")
@click.option("--path", metavar="PATH", help="The path of the request; in it, {{name}} stands for any one segment.")
@click.option("--query", "request_query", metavar="QUERY", help="The query of the request: 'page=2'; '' removes it.")
@click.option(
    "--request-header", "request_headers", metavar="'NAME: VALUE'", multiple=True, help="Set a header of the request."
)
@click.option(
    "--remove-request-header",
    "removed_request_headers",
    metavar="NAME",
    multiple=True,
    help="Remove a header of the request.",
)
@click.option("--request-body", metavar="TEXT|@FILE", help="The body of the request.")
@click.option("--status", type=int, metavar="CODE", help="The status of the response.")
@click.option("--body", metavar="TEXT|@FILE", help="The body of the response; @- reads it from standard input.")
@click.option("--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="Set a header of the response.")
@click.option("--remove-header", "removed", metavar="NAME", multiple=True, help="Remove a header of the response.")
@click.option("--templates/--no-templates", default=None, help="Fill in {{...}} in the response, or leave it as it is.")
@behaviour_options(clearing=True)
@json_option
@with_store
def set_example(
    store: Store,
    example: str,
    collection: str | None,
    request_query: str | None,
    request_body: str | None,
    body: str | None,
    removed: tuple[str, ...],
    as_json: bool,
    **fields: Any,
) -> None:
    """Change single things of EXAMPLE.

    \b
    understudy examples set "GET /users/1 - 200" --status 503 --header 'Retry-After: 5' --body '{"error": "busy"}'
    understudy examples set "GET /users/1 - 200" --path '/users/{{id}}' --query 'fields={{fields}}'
    """
    changes = ExampleChanges(
        query=request_query,
        request_body=None if request_body is None else body_argument(request_body, "--request-body"),
        body=None if body is None else body_argument(body, "--body"),
        removed_headers=removed,
        typed=tuple(list_typed_bodies(request_body, body)),
        **fields,
    )
    if changes == ExampleChanges():
        raise UserError(
            "nothing to change: give --name, --method, --path, --query, --request-header, --request-body, --status,"
            " --body, --header, --templates, or what it does on purpose: --delay, --bytes-per-second, --fault,"
            " --rate-limit"
        )
    changed = operations.change_example(store, example, changes, collection=collection, actor=current_user())
    report_saved(store, changed, as_json=as_json)


@click.command("sequence", cls=UnderstudyCommand)
@click.argument("examples", metavar="EXAMPLE...", nargs=-1)
@click.option("--example", "given", metavar="NAME", multiple=True, help="The same as EXAMPLE; repeatable.")
@collection_option
@click.option("--dissolve", is_flag=True, help="Take the examples out of their sequences.")
@json_option
@with_store
def sequence(
    store: Store,
    examples: tuple[str, ...],
    given: tuple[str, ...],
    collection: str | None,
    dissolve: bool,
    as_json: bool,
) -> None:
    """Let examples of one request answer in turn, in this order; the last one goes on to answer.

    Where the order is not that of their ids, they get new ids.

    \b
    understudy examples sequence "received" "packed" "sent" --collection shop
    understudy examples sequence "packed" --dissolve
    """
    from understudy.proxy.operations.collections.sequences import dissolve_sequence, make_sequence
    from understudy.proxy.operations.views.collections import example_json

    change = dissolve_sequence if dissolve else make_sequence
    changed = change(store, [*examples, *given], collection, actor=current_user())
    if as_json:
        print_json([example_json(one) for one in changed])
    else:
        print_line("These examples answer for themselves:" if dissolve else "These examples answer in turn:")
        ids = [show_id(store, IdKind.EXAMPLE, one.id) for one in changed]
        for number, (one, id) in enumerate(zip(changed, ids, strict=True), 1):
            print_line(f"  {number}. {one.name} ({id})")
    wait_for_gateways(store)
