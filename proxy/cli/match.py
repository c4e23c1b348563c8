"""The commands `match`, which explains a decision without serving it, and `addon-path`."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from proxy.cli.options import json_option, with_store
from proxy.cli.output import print_json
from store.errors import UserError
from store.messages import Headers, Origin, Request
from store.repository import Store

if TYPE_CHECKING:
    from matcher.index import Index
    from matcher.settings import MatchSettings

_SETTINGS = (
    click.option("--match-body", is_flag=True, help="Leave out examples whose body differs."),
    click.option("--subset", is_flag=True, help="Bodies may hold more than the example's; with --match-body."),
    click.option("--ignore-json", metavar="PATH", multiple=True, help="A place in JSON that does not count: $.at"),
    click.option("--match-header", metavar="NAME", multiple=True, help="Leave out examples whose NAME differs."),
    click.option("--query", type=click.Choice(["prefer", "require", "off"]), help="How much the query counts."),
    click.option("--ignore-query", metavar="NAME", multiple=True, help="A query parameter that does not count."),
    click.option("--distance/--no-distance", default=None, help="Take a path that is nearly the same."),
)


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that change match settings, and hand them to it as `change`, a function."""

    @functools.wraps(command)
    def changed(*arguments: Any, **options: Any) -> Any:
        names = ("match_body", "subset", "ignore_json", "match_header", "query", "ignore_query", "distance")
        chosen = {name: options.pop(name) for name in names}
        return command(*arguments, change=functools.partial(_changed, **chosen), **options)

    return functools.reduce(lambda decorated, option: option(decorated), reversed(_SETTINGS), changed)


@click.command()
@click.argument("method")
@click.argument("url")
@click.option("-H", "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header of the request.")
@click.option("-d", "--data", metavar="TEXT|@FILE", default="", help="The body of the request.")
@click.option("--mock", metavar="NAME", required=True, help="The mock server or collection to decide among.")
@with_settings
@json_option
@with_store
def match(
    store: Store,
    method: str,
    url: str,
    headers: tuple[str, ...],
    data: str,
    mock: str,
    change: Callable[[MatchSettings], MatchSettings],
    as_json: bool,
) -> None:
    """Say which example of a mock server or collection answers METHOD URL, and why; exit code 1 when none does.

    URL is a path, or an absolute URL when the host is to be compared too. Headers such as `x-mock-response-code: 404`
    choose as they do in a request. Settings begin where those of the mock server or collection are.

    \b
    understudy match GET '/users/7?page=2' --mock shop
    understudy match POST /orders -d '{"item": 2}' -H 'Content-Type: application/json' --match-body --mock shop
    """
    from matcher.explain import as_json as told
    from matcher.explain import as_text

    request = _request(method, url, headers, data)
    decision = _index(store, mock, request, change).decide(request)
    if decision.problem is not None:
        raise UserError(decision.problem.message)
    if as_json:
        print_json(told(decision))
    else:
        click.echo(as_text(decision), nl=False)
    if decision.candidate is None:
        click.get_current_context().exit(1)


def _index(store: Store, mock: str, request: Request, change: Callable[[MatchSettings], MatchSettings]) -> Index:
    from proxy.compiled import find_mock, mock_setup

    setup = mock_setup(store, find_mock(store, mock))
    return setup.index(store.bodies.read, change(replace(setup.settings, host=request.origin is not None)))


def _changed(
    settings: MatchSettings,
    *,
    match_body: bool,
    subset: bool,
    ignore_json: tuple[str, ...],
    match_header: tuple[str, ...],
    query: str | None,
    ignore_query: tuple[str, ...],
    distance: bool | None,
) -> MatchSettings:
    from matcher.json_paths import json_place
    from matcher.settings import QueryRule

    try:
        for path in ignore_json:
            json_place(path)
    except ValueError as error:
        raise UserError(f"--ignore-json: {error}") from error
    return replace(
        settings,
        body=match_body or settings.body,
        subset=subset or settings.subset,
        ignore_json=frozenset(ignore_json) or settings.ignore_json,
        headers=frozenset(match_header) or settings.headers,
        query=settings.query if query is None else QueryRule(query),
        ignore_query=frozenset(ignore_query) or settings.ignore_query,
        distance=settings.distance if distance is None else distance,
    )


@click.command("addon-path")
def addon_path() -> None:
    """Print the path of the addon for stock mitmproxy.

    \b
    mitmdump -s "$(understudy addon-path)" --set understudy_mode=record
    """
    import proxy

    click.echo(Path(proxy.__file__).with_name("stock.py"))


def _request(method: str, url: str, headers: tuple[str, ...], data: str) -> Request:
    from proxy.cli.examples import body_argument
    from proxy.editing import header_field

    fields = Headers.of(header_field(line) for line in headers)
    if url.startswith("/"):
        return Request(method.upper(), os.fsencode(url), fields, body_argument(data, "--data"))
    try:
        origin = Origin.parse(url)
    except ValueError as error:
        raise UserError(f"URL is a path such as /users/1 or an absolute URL: {error}") from error
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Request(method.upper(), os.fsencode(target), fields, body_argument(data, "--data"), origin)
