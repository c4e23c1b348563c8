"""The commands `match`, which explains a decision without serving it, and `addon-path`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.behaviour_options import matching_options
from understudy.proxy.cli.options import json_option, url_request, with_store
from understudy.proxy.cli.output import print_json
from understudy.store.errors import UserError
from understudy.store.model.messages import Request
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.matcher.index import Index


@click.command()
@click.argument("method")
@click.argument("url")
@click.option("-H", "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header of the request.")
@click.option("-d", "--data", metavar="TEXT|@FILE", default="", help="The body of the request.")
@click.option("--mock", metavar="NAME", required=True, help="The mock server or collection to decide among.")
@matching_options(clearing=True)
@json_option
@with_store
def match(
    store: Store,
    method: str,
    url: str,
    headers: tuple[str, ...],
    data: str,
    mock: str,
    matching: dict[str, Any],
    as_json: bool,
) -> None:
    """Say which example of a mock server or collection answers METHOD URL, and why; exit code 1 when none does.

    URL is a path, or an absolute URL when the host is to be compared too. Headers such as `x-mock-response-code: 404`
    choose as they do in a request. Settings begin where those of the mock server or collection are.

    \b
    understudy match GET '/users/7?page=2' --mock shop
    understudy match POST /orders -d '{"item": 2}' -H 'Content-Type: application/json' --match-body --mock shop
    """
    from understudy.matcher.explanation.rendering import as_json as told
    from understudy.matcher.explanation.rendering import as_text

    request = url_request(method, url, headers, data)
    decision = _index(store, mock, request, matching).decide(request)
    if decision.problem is not None:
        raise UserError(decision.problem.message)
    if as_json:
        print_json(told(decision))
    else:
        click.echo(as_text(decision), nl=False)
    if decision.candidate is None:
        click.get_current_context().exit(1)


def _index(store: Store, mock: str, request: Request, matching: dict[str, Any]) -> Index:
    from understudy.matcher.settings import QueryRule
    from understudy.proxy.compilation.mock_setup import read_mock_setup
    from understudy.proxy.operations.mock_servers.mock_servers import find_mock

    setup = read_mock_setup(store, find_mock(store, mock))
    changes = {**matching, "query": QueryRule(matching.get("query", setup.settings.query))}
    return setup.build_index(store.bodies.read, replace(setup.settings, **changes, host=request.origin is not None))


@click.command("addon-path")
def addon_path() -> None:
    """Print the path of the addon for stock mitmproxy.

    \b
    mitmdump -s "$(understudy addon-path)" --set understudy_mode=record
    """
    from understudy import proxy

    click.echo(Path(proxy.__file__).with_name("mitmproxy_addon.py"))
