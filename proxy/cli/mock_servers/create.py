"""The command `mocks create`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.behaviour_options import behaviour_options, matching_options
from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.mock_servers.commands import (
    environment_option,
    log_limit_option,
    rewrite_bodies_option,
    slug_option,
)
from understudy.proxy.cli.naming_options import mock_name
from understudy.proxy.cli.options import (
    Command,
    body_argument,
    current_user,
    filter_option,
    json_option,
    making_store,
    tz_option,
)
from understudy.proxy.cli.output import print_json, print_warnings, progress
from understudy.proxy.cli.recordings.selection_options import read_criteria, search_option, since_option, until_option
from understudy.proxy.cli.terminal_text import print_line
from understudy.store.errors import UserError
from understudy.store.model.mock_servers import Behaviour, Matching
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.proxy.operations.mock_servers.create_mock_server import CreatedMockServer, MockServerDraft
    from understudy.proxy.operations.mock_servers.mock_sources import MockSource

CONDITIONS = ("tz", "since", "until", "filters", "search")

SOURCES = (
    click.option("--collection", metavar="NAME", help="Answer from this collection."),
    click.option(
        "--request",
        "requests",
        metavar="'METHOD PATH [STATUS [BODY]]'",
        multiple=True,
        help="Or from a new collection of these requests; the body may be @FILE.",
    ),
    click.option("--from-entry", "entries", metavar="ID", multiple=True, help="Or of this history entry, or 1-5,9."),
    click.option("--from-session", "session", metavar="NAME", help="Or of this whole session."),
    click.option("--from-date", "date", metavar="YYYY-MM-DD", help="Or of all that was recorded on this day."),
    tz_option,
    since_option,
    until_option,
    filter_option,
    search_option,
    click.option("--keep-secrets", is_flag=True, help="From history: do not redact tokens, passwords and cookies."),
)


def source_options(command: Command) -> Command:
    """Give a command the options for what a new mock server answers from."""
    for option in reversed(SOURCES):
        command = option(command)
    return command


@click.command("create", cls=UnderstudyCommand)
@mock_name()
@source_options
@environment_option
@click.option("--private/--public", default=False, help="Answer only calls with a valid key; public is the default.")
@slug_option
@behaviour_options()
@matching_options()
@click.option("--cors/--no-cors", default=True, help="Let browsers call it from other pages; on by default.")
@rewrite_bodies_option
@log_limit_option
@click.option("--save-url", metavar="VARIABLE", help="Save its URL as a variable of a new environment.")
@json_option
@making_store
def create(store: Store, name: str, as_json: bool, **options: Any) -> None:
    """Make a collection callable: create the mock server NAME.

    \b
    understudy mocks create shop --collection shop
    understudy mocks create users --request 'GET /users/{{id}} 200 {"name": "Ada"}' --request 'POST /users 201'
    understudy mocks create today --from-date 2026-01-31 --private --delay 2G
    """
    from understudy.proxy.operations.mock_servers.create_mock_server import create_mock_server

    names = ("collection", "requests", "entries", "session", "date", "keep_secrets", *CONDITIONS)
    source = _read_source(**{option: options.pop(option) for option in names})
    draft = _read_draft(name, **options)
    with progress(f"promoting to {name}") as step:
        created = create_mock_server(store, draft, source, actor=current_user(), step=step)
    print_warnings(created.warnings)
    if as_json:
        print_json(_created_json(created))
    else:
        _print_created(created, draft.save_url)


def _read_source(
    *,
    collection: str | None,
    requests: tuple[str, ...],
    entries: tuple[str, ...],
    session: str | None,
    date: str | None,
    keep_secrets: bool,
    **conditions: Any,
) -> MockSource:
    from understudy.proxy.operations.mock_servers.mock_sources import ExistingCollection, RecordedHistory
    from understudy.store.promotion import PromotionPlan

    sources = {"collection": collection, "requests": requests, "entries": entries, "session": session, "date": date}
    given = [name for name, value in sources.items() if value not in (None, ())]
    _check_given(given, keep_secrets=keep_secrets, conditions=conditions)
    if collection is not None:
        return ExistingCollection(collection)
    if requests:
        return _read_requests(requests)
    criteria = read_criteria(entries, date=date, date_option="--from-date", **conditions)
    return RecordedHistory(criteria, session, PromotionPlan(keep_secrets=keep_secrets))


def _check_given(given: list[str], *, keep_secrets: bool, conditions: Mapping[str, Any]) -> None:
    if len(given) != 1:
        raise UserError(
            "a mock server answers from one source: --collection NAME, --request 'METHOD PATH [STATUS [BODY]]',"
            " --from-entry ID, --from-session NAME or --from-date YYYY-MM-DD"
        )
    if given[0] in ("collection", "requests"):
        for name, value in {"keep_secrets": keep_secrets, **conditions}.items():
            if value:
                option = "--filter" if name == "filters" else f"--{name.replace('_', '-')}"
                raise UserError(f"{option} goes with --from-entry, --from-session and --from-date")


def _read_requests(requests: tuple[str, ...]) -> MockSource:
    from understudy.proxy.operations.collections.request_lines import read_typed
    from understudy.proxy.operations.mock_servers.mock_sources import TypedRequests

    typed = [read_typed(text) for text in requests]
    return TypedRequests([(one, body_argument(one.body, "--request")) for one in typed])


def _read_draft(name: str, behaviour: dict[str, Any], matching: dict[str, Any], **fields: Any) -> MockServerDraft:
    from understudy.proxy.operations.mock_servers.create_mock_server import MockServerDraft

    given = {field: value for field, value in fields.items() if value is not None}
    return MockServerDraft(name, behaviour=Behaviour(**behaviour), matching=Matching(**matching), **given)


def _created_json(created: CreatedMockServer) -> dict[str, Any]:
    from understudy.proxy.operations.views.mock_servers import mock_server_json
    from understudy.proxy.operations.views.recordings import promotion_json

    details, outcome = created.details, created.outcome
    promoted = None if outcome is None else promotion_json(details.collection, outcome)
    return {**mock_server_json(details), "promoted": promoted, "warnings": list(created.warnings)}


def _print_created(created: CreatedMockServer, save_url: str | None) -> None:
    from understudy.proxy.cli.promotion_output import print_outcome
    from understudy.proxy.operations.mock_servers.mock_server_urls import urls

    mock, collection = created.details.mock, created.details.collection
    if created.outcome is not None:
        print_outcome(collection, created.outcome)
    print_line(f"Created mock server {mock.name}, answering from collection {collection}.")
    for url in urls(mock):
        print_line(f"  {url}")
    if not any(character.isascii() and character.isalnum() for character in mock.name):
        choose = "understudy mocks edit NAME --slug TEXT"
        print_line(f"Its name has no letter or digit that a URL can have; choose a slug: {choose}")
    if save_url is not None:
        print_line(f"Its URL is {{{{{save_url}}}}} in environment {mock.name}.")
