"""The commands about mock servers; those that create, serve, verify and break them have files of their own."""

from __future__ import annotations

from typing import Any

import click

from understudy.proxy.cli.behaviour_options import behaviour_options, check_one, check_usual, matching_options
from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.mock_server_output import MOCK_COLUMNS, mock_rows, setting_rows
from understudy.proxy.cli.naming_options import mock_name
from understudy.proxy.cli.options import (
    current_user,
    json_option,
    making_store,
    page_options,
    wait_for_gateways,
    warn_of_missing_key,
    with_store,
)
from understudy.proxy.cli.output import print_json, print_page, print_table
from understudy.proxy.cli.terminal_text import print_line
from understudy.proxy.cli.trash.deleting import Deleting, deletion_options
from understudy.proxy.operations.mock_servers import mock_servers as operations
from understudy.store.errors import UserError
from understudy.store.model.mock_servers import MockServer
from understudy.store.repositories.paging import PageRequest
from understudy.store.repositories.store import Store

ELSEWHERE = {
    "create": "understudy.proxy.cli.mock_servers.create:create",
    "errors": "understudy.proxy.cli.mock_servers.server_errors:errors",
    "logs": "understudy.proxy.cli.mock_servers.logs:logs",
    "serve": "understudy.proxy.cli.mock_servers.serve:serve",
    "verify": "understudy.proxy.cli.mock_servers.verify:verify",
}
MOST_LOGGED = 1_000_000

environment_option = click.option(
    "--environment", metavar="NAME", help="Its variables take precedence over those of the collection."
)
slug_option = click.option("--slug", metavar="TEXT", help="Its name in URLs [default: made from its name].")
rewrite_bodies_option = click.option(
    "--rewrite-bodies/--no-rewrite-bodies",
    default=None,
    help="Lead URLs of the recorded API in JSON and HTML bodies to the mock server.",
)
log_limit_option = click.option(
    "--log-limit", type=click.IntRange(0, MOST_LOGGED), metavar="N", help="Keep the newest N calls [10000]."
)


@click.group(cls=LazyGroup, elsewhere=ELSEWHERE)
def mocks() -> None:
    """Collections made callable: mock servers with a URL.

    NAME is a mock server's name, its slug or its id.
    """


@mocks.command("list")
@page_options("NAME")
@json_option
@with_store
def list_mocks(store: Store, request: PageRequest[str], as_json: bool) -> None:
    """List the mock servers."""
    from understudy.proxy.operations.views.mock_servers import mock_server_json

    warn_of_missing_key(request, [one.name for one in store.mock_servers.list()], "mock server")
    page = operations.read_mock_server_page(store, request)
    if as_json:
        print_json([mock_server_json(details) for details in page.items])
        return
    empty = "No mock servers yet. Create one with: understudy mocks create NAME --collection COLLECTION"
    print_page(MOCK_COLUMNS, mock_rows(store, page.items), empty, page=page, request=request)


@mocks.command("show")
@mock_name()
@json_option
@with_store
def show_mock(store: Store, name: str, as_json: bool) -> None:
    """Show the mock server NAME."""
    from understudy.proxy.operations.views.mock_servers import mock_server_json

    details = operations.read_mock_server(store, name)
    if as_json:
        print_json(mock_server_json(details))
        return
    print_table(("SETTING", "VALUE"), setting_rows(details), "")


@mocks.command("edit")
@mock_name()
@click.option("--name", "new_name", metavar="TEXT", help="A new name; its URL stays.")
@slug_option
@click.option("--collection", metavar="NAME", hidden=True)
@environment_option
@click.option("--no-environment", is_flag=True, help="Detach the environment.")
@click.option("--private/--public", default=None, help="Answer only calls with a valid key, or every call.")
@behaviour_options(clearing=True)
@matching_options(clearing=True)
@click.option("--usual-ids", is_flag=True, help="Let each example decide whether ids count.")
@click.option("--usual-distance", is_flag=True, help="Let each example decide whether a similar path fits.")
@click.option("--cors/--no-cors", default=None, help="Let browsers call it from other pages.")
@rewrite_bodies_option
@log_limit_option
@json_option
@with_store
def edit_mock(store: Store, name: str, as_json: bool, **options: Any) -> None:
    """Change the mock server NAME: everything but its collection.

    \b
    understudy mocks edit shop --delay 3G --match-body
    understudy mocks edit shop --no-delay --private
    """
    changed = operations.change_mock_server(store, name, _read_changes(**options), actor=current_user())
    if as_json:
        _print_mock(store, changed.mock)
    else:
        print_line(f"Saved mock server {changed.mock.name}.")
    for environment in changed.environments:
        print_line(f"Its new URL is in environment {environment.name}.", err=as_json)
    wait_for_gateways(store)


def _print_mock(store: Store, mock: MockServer) -> None:
    from understudy.proxy.operations.views.mock_servers import mock_server_json

    print_json(mock_server_json(operations.describe_mock_server(store, mock)))


def _read_changes(
    *,
    new_name: str | None,
    environment: str | None,
    no_environment: bool,
    matching: dict[str, Any],
    usual_ids: bool,
    usual_distance: bool,
    **fields: Any,
) -> operations.MockServerChanges:
    check_one("--environment", environment is not None, no_environment)
    for name, is_usual in (("ids", usual_ids), ("distance", usual_distance)):
        if is_usual:
            check_usual(name, matching)
            matching = {**matching, name: None}
    changes = operations.MockServerChanges(
        name=new_name, environment=environment, detach_environment=no_environment, matching=matching, **fields
    )
    if changes == operations.MockServerChanges():
        raise UserError("nothing to change: give an option; understudy mocks edit --help lists them")
    return changes


@mocks.command("delete")
@mock_name()
@deletion_options
@with_store
def delete_mock(store: Store, name: str, deleting: Deleting) -> None:
    """Delete the mock server NAME with its call log. Its collection stays. It can be undone for a week."""
    from understudy.proxy.operations.trash.previews import preview_mock_server

    forever = deleting.confirm(lambda: preview_mock_server(store, name), "Its collection stays.")
    deleted = operations.delete_mock_server(store, name, forever=forever, actor=current_user())
    deleting.report("mock server", deleted.thing.name, deleted, f"Deleted mock server {deleted.thing.name}")


@mocks.command("reset")
@mock_name()
@json_option
@with_store
def reset_mock(store: Store, name: str, as_json: bool) -> None:
    """Start the sequences of the mock server NAME over."""
    mock = operations.restart_sequences(store, name, actor=current_user())
    if as_json:
        _print_mock(store, mock)
    else:
        print_line(f"The sequences of {mock.name} start over.")
    wait_for_gateways(store)


@mocks.command("policy")
@click.option("--public", type=click.Choice(["allow", "forbid"]), help="Whether mock servers may be public.")
@json_option
@making_store
def policy(store: Store, public: str | None, as_json: bool) -> None:
    """Show or set whether mock servers may be public. What is public already stays so."""
    from understudy.proxy.operations.views.mock_servers import policy_json

    if public is None:
        found = operations.read_policy(store)
    else:
        found = operations.set_policy(store, forbid_public=public == "forbid", actor=current_user())
    if as_json:
        print_json(policy_json(found))
        return
    print_line(f"Public mock servers are {'forbidden' if found.forbidden else 'allowed'}.")
    if found.forbidden and found.public:
        change = "understudy mocks edit NAME --private"
        print_line(f"Still public: {', '.join(found.public)}; change that with: {change}")
