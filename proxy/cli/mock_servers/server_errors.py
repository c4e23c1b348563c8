"""The commands `mocks errors ...`: saved 5xx responses, one of which can answer every call."""

from __future__ import annotations

import click

from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.naming_options import error_name, mock_name
from understudy.proxy.cli.options import (
    body_argument,
    current_user,
    json_option,
    page_options,
    wait_for_gateways,
    warn_of_missing_key,
    with_store,
)
from understudy.proxy.cli.output import print_json, print_page
from understudy.proxy.cli.tables.cells import id_cells
from understudy.proxy.cli.tables.table import NAME_WIDTH, Column, Cut
from understudy.proxy.cli.terminal_text import print_line
from understudy.proxy.cli.trash.deleting import Deleting, deletion_options
from understudy.proxy.operations.mock_servers import server_errors as operations
from understudy.proxy.operations.mock_servers.server_errors import FIRST, LAST, MockServerError
from understudy.store.model.ids import IdKind
from understudy.store.model.messages import measure_body
from understudy.store.repositories.paging import PageRequest
from understudy.store.repositories.store import Store

ERROR_COLUMNS = (
    Column("SERVER ERROR", Cut.END, least=NAME_WIDTH),
    Column("STATUS"),
    Column("BYTES", drop=1),
    Column("ACTIVE"),
    Column("ID"),
)


@click.group(cls=LazyGroup)
def errors() -> None:
    """Saved 5xx responses of a mock server; one of them can be active, and then answers every call."""


@errors.command("list")
@mock_name()
@page_options("ERROR")
@json_option
@with_store
def list_errors(store: Store, name: str, request: PageRequest[str], as_json: bool) -> None:
    """List the server errors of the mock server NAME."""
    from understudy.proxy.operations.views.mock_servers import server_errors_json

    known = [one.name for one in operations.list_server_errors(store, name).errors]
    warn_of_missing_key(request, known, "server error")
    found = operations.list_server_errors(store, name, request)
    if as_json:
        print_json(server_errors_json(found))
        return
    active = found.mock.server_error_id
    ids = id_cells(store, IdKind.SERVER_ERROR, [one.id for one in found.errors])
    rows = [
        (one.name, one.response.status, measure_body(one.response.body), "active" if one.id == active else "", id)
        for one, id in zip(found.errors, ids, strict=True)
    ]
    empty = f"No server errors. Save one with: understudy mocks errors add {found.mock.name} down --status 503"
    print_page(ERROR_COLUMNS, rows, empty, page=found.page, request=request)


@errors.command("add")
@mock_name()
@error_name()
@click.option("--status", type=click.IntRange(FIRST, LAST), default=500, show_default=True, help="Its status.")
@click.option("--body", metavar="TEXT|@FILE", default="", help="Its body; @- reads it from standard input.")
@click.option("--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header.")
@click.option("--activate", is_flag=True, help="Answer every call with it from now on.")
@json_option
@with_store
def add_error(
    store: Store,
    name: str,
    error: str,
    status: int,
    body: str,
    headers: tuple[str, ...],
    activate: bool,
    as_json: bool,
) -> None:
    """Save the server error ERROR for the mock server NAME.

    \b
    understudy mocks errors add shop down --status 503 --header 'Retry-After: 5' --body '{"error": "down"}'
    """
    from understudy.proxy.operations.collections.example_document import header_field
    from understudy.proxy.operations.collections.request_lines import typed_response

    response = typed_response(status, map(header_field, headers), body_argument(body, "--body"))
    added = operations.add_server_error(store, name, error, response, activate=activate, actor=current_user())
    if not as_json:
        print_line(f"Saved server error {error} ({status}) for {added.mock.name}.")
    if activate or as_json:
        _report_error(store, added, as_json=as_json)


@errors.command("delete")
@mock_name()
@error_name()
@deletion_options
@with_store
def delete_error(store: Store, name: str, error: str, deleting: Deleting) -> None:
    """Delete the server error ERROR of the mock server NAME. It can be undone for a week."""
    from understudy.proxy.operations.trash.previews import preview_server_error

    forever = deleting.confirm(lambda: preview_server_error(store, name, error))
    deleted = operations.delete_server_error(store, name, error, forever=forever, actor=current_user())
    found = deleted.thing.error.name
    deleting.report("server error", found, deleted, f"Deleted server error {found}")
    wait_for_gateways(store)


@errors.command("activate")
@mock_name()
@error_name()
@json_option
@with_store
def activate_error(store: Store, name: str, error: str, as_json: bool) -> None:
    """Answer every call to the mock server NAME with the server error ERROR."""
    activated = operations.activate_server_error(store, name, error, actor=current_user())
    _report_error(store, activated, as_json=as_json)


@errors.command("off")
@mock_name()
@json_option
@with_store
def deactivate(store: Store, name: str, as_json: bool) -> None:
    """Answer calls to the mock server NAME from its examples again."""
    from understudy.proxy.operations.views.mock_servers import server_errors_json

    mock = operations.deactivate_server_error(store, name, actor=current_user())
    if as_json:
        print_json(server_errors_json(operations.list_server_errors(store, mock.id)))
    else:
        print_line(f"{mock.name} answers from its examples again.")
    wait_for_gateways(store)


def _report_error(store: Store, saved: MockServerError, *, as_json: bool) -> None:
    from understudy.proxy.operations.views.mock_servers import server_error_json

    mock, status = saved.mock, saved.error.response.status
    if as_json:
        print_json(server_error_json(mock, saved.error))
    else:
        off = f"understudy mocks errors off {mock.slug}"
        print_line(f"{mock.name} answers every call with {status} now; again from its examples: {off}")
    wait_for_gateways(store)
