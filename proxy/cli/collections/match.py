"""The commands `match`, which explains a decision without serving it, and `addon-path`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from understudy.proxy.cli.behaviour_options import matching_options
from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.hints import render_hint
from understudy.proxy.cli.options import json_option, url_request, with_store
from understudy.proxy.cli.output import print_json
from understudy.proxy.cli.terminal_text import print_line, print_text
from understudy.store.repositories.store import Store


@click.command(cls=UnderstudyCommand)
@click.argument("method")
@click.argument("url")
@click.option("-H", "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header of the request.")
@click.option("-d", "--data", metavar="TEXT|@FILE", default="", help="The body of the request.")
@click.option("--mock", metavar="NAME", required=True, help="The mock server or collection that decides.")
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
    """Show which example of a mock server or collection answers METHOD URL, and why; exit code 1 when none does.

    URL is a path, or an absolute URL to compare the host too. Headers such as `x-mock-response-code: 404` choose as
    they do in a request. Options for matching change the settings of the mock server or collection for this request.

    \b
    understudy match GET '/users/7?page=2' --mock shop
    understudy match POST /orders -d '{"item": 2}' -H 'Content-Type: application/json' --match-body --mock shop
    """
    from understudy.matcher.explanation import rendering
    from understudy.matcher.explanation.suggestions import suggest_ids
    from understudy.proxy.operations.mock_servers.explain_match import explain_match

    decision = explain_match(store, mock, url_request(method, url, headers, data), matching)
    if as_json:
        print_json(rendering.as_json(decision))
    else:
        print_text(rendering.as_text(decision), end="")
        if hint := suggest_ids(decision):
            print_line(f"Hint: {render_hint(hint)}")
    if decision.candidate is None:
        click.get_current_context().exit(1)


@click.command("addon-path", cls=UnderstudyCommand)
def addon_path() -> None:
    """Print the path of the addon for stock mitmproxy.

    \b
    mitmdump -s "$(understudy addon-path)" --set understudy_mode=record
    """
    from understudy import proxy

    print_line(str(Path(proxy.__file__).with_name("mitmproxy_addon.py")))
