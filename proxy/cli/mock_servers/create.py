"""The command `mocks create`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.behaviour_options import behaviour_options, matching_options
from understudy.proxy.cli.mock_server_output import mock_json
from understudy.proxy.cli.mock_servers.commands import environment_option, log_limit_option, slug_option
from understudy.proxy.cli.options import body_argument, current_user, day_bounds, json_option, making_store, tz_option
from understudy.proxy.cli.output import print_json, progress
from understudy.store.errors import UserError
from understudy.store.model.collections import Collection
from understudy.store.model.mock_servers import Behaviour, Matching, MockServer
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.proxy.operations.recordings.promotion import PromotionOutcome

Command = Callable[..., Any]

SOURCES = (
    click.option("--collection", metavar="NAME", help="Answer from this collection."),
    click.option(
        "--request",
        "requests",
        metavar="'METHOD PATH [STATUS [BODY]]'",
        multiple=True,
        help="Or from a new collection with this request; the body may be @FILE.",
    ),
    click.option("--from-entry", "entries", type=int, metavar="ID", multiple=True, help="Or with this history entry."),
    click.option("--from-session", "session", metavar="NAME", help="Or with all of this session."),
    click.option("--from-date", "date", metavar="YYYY-MM-DD", help="Or with all that was recorded on this day."),
    tz_option,
    click.option("--keep-secrets", is_flag=True, help="Of history: do not redact tokens, passwords and cookies."),
)


def source_options(command: Command) -> Command:
    """Give a command the options that say what a new mock server answers from."""
    for option in reversed(SOURCES):
        command = option(command)
    return command


@click.command("create")
@click.argument("name")
@source_options
@environment_option
@click.option("--private/--public", default=False, help="Answer only calls with a valid key; public is the default.")
@slug_option
@behaviour_options()
@matching_options()
@click.option("--cors/--no-cors", default=True, help="Let browsers call it from other pages; on by default.")
@log_limit_option
@click.option("--save-url", metavar="VARIABLE", help="Save its URL as a variable of a new environment.")
@json_option
@making_store
def create(store: Store, name: str, as_json: bool, save_url: str | None, **options: Any) -> None:
    """Make a collection callable: create the mock server NAME.

    \b
    understudy mocks create shop --collection shop
    understudy mocks create users --request 'GET /users/{{id}} 200 {"name": "Ada"}' --request 'POST /users 201'
    understudy mocks create today --from-date 2026-01-31 --private --delay 2G
    """
    from understudy.proxy.operations.mock_servers.mock_servers import environment_for_url

    source = {option: options.pop(option) for option in ("collection", "requests", "entries", "session", "date")}
    history = {option: options.pop(option) for option in ("tz", "keep_secrets")}
    _check_source(source, **history)
    draft = _draft(store, name, **options)
    environment = environment_for_url(store, draft, save_url) if save_url is not None else None
    mock, outcome = _create(store, draft, source, **history)
    if environment is not None:
        store.environments.save(environment)
    if as_json:
        print_json(_json(store, mock, outcome))
    else:
        _print(store, mock, outcome, save_url)


def _check_source(source: dict[str, Any], *, tz: str | None, keep_secrets: bool) -> None:
    given = [name for name, value in source.items() if value not in (None, ())]
    if len(given) != 1:
        raise UserError(
            "say what it answers from, by one of --collection NAME, --request 'METHOD PATH [STATUS [BODY]]',"
            " --from-entry ID, --from-session NAME, --from-date YYYY-MM-DD"
        )
    if tz is not None and given != ["date"]:
        raise UserError("--tz goes with --from-date")
    if keep_secrets and given[0] in ("collection", "requests"):
        raise UserError("--keep-secrets goes with --from-entry, --from-session and --from-date")


def _draft(
    store: Store,
    name: str,
    *,
    slug: str | None,
    environment: str | None,
    behaviour: dict[str, Any],
    matching: dict[str, Any],
    **fields: Any,
) -> MockServer:
    from understudy.proxy.operations.mock_servers.mock_servers import drafted, environment_id

    given = {key: value for key, value in fields.items() if value is not None}
    if environment is not None:
        given["environment_id"] = environment_id(store, environment)
    given |= {"behaviour": Behaviour(**behaviour), "matching": Matching(**matching)}
    return drafted(store, name, slug, given)


def _create(
    store: Store, draft: MockServer, source: dict[str, Any], *, tz: str | None, keep_secrets: bool
) -> tuple[MockServer, PromotionOutcome | None]:
    from dataclasses import replace

    outcome: PromotionOutcome | None = None
    if source["collection"] is not None:
        collection = store.collections.find(source["collection"])
    elif source["requests"]:
        collection = _typed_in(store, draft.name, source["requests"])
    else:
        collection, outcome = _of_history(store, draft.name, _wanted(store, source, tz), keep_secrets)
    mock = replace(draft, collection_id=collection.id)
    store.mock_servers.create(mock)
    return mock, outcome


def _typed_in(store: Store, name: str, requests: tuple[str, ...]) -> Collection:
    from understudy.proxy.operations.collections.request_lines import read_typed
    from understudy.proxy.operations.mock_servers.mock_sources import collection_of_requests

    typed = [read_typed(text) for text in requests]
    return collection_of_requests(store, name, [(one, body_argument(one.body, "--request")) for one in typed])


def _wanted(store: Store, source: dict[str, Any], tz: str | None) -> HistoryFilter:
    since, until = day_bounds(source["date"], tz, "--from-date")
    session_id = store.sessions.find(source["session"]).id if source["session"] else None
    return HistoryFilter(ids=frozenset(source["entries"]) or None, session_id=session_id, since=since, until=until)


def _of_history(
    store: Store, name: str, wanted: HistoryFilter, keep_secrets: bool
) -> tuple[Collection, PromotionOutcome]:
    from understudy.proxy.operations.mock_servers.mock_sources import collection_of_history
    from understudy.store.promotion import PromotionPlan

    with progress(f"promoting to {name}") as step:
        return collection_of_history(
            store, name, wanted, PromotionPlan(keep_secrets=keep_secrets), step, actor=current_user()
        )


def _json(store: Store, mock: MockServer, outcome: PromotionOutcome | None) -> dict[str, Any]:
    from understudy.proxy.operations.views.recordings import promotion_json

    told = mock_json(store, mock)
    return {**told, "promoted": None if outcome is None else promotion_json(told["collection"], outcome)}


def _print(store: Store, mock: MockServer, outcome: PromotionOutcome | None, save_url: str | None) -> None:
    from understudy.proxy.cli.promotion_output import print_outcome
    from understudy.proxy.operations.mock_servers.mock_servers import urls

    collection = store.collections.find(mock.collection_id).name
    if outcome is not None:
        print_outcome(collection, outcome)
    click.echo(f"Created mock server {mock.name}, answering from collection {collection}.")
    for url in urls(mock):
        click.echo(f"  {url}")
    if not any(character.isascii() and character.isalnum() for character in mock.name):
        click.echo(
            "Its name has no letter that a URL could have; choose a slug: understudy mocks edit NAME --slug TEXT"
        )
    if save_url is not None:
        click.echo(f"Its URL is {{{{{save_url}}}}} in environment {mock.name}.")
