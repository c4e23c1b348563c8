"""The commands `match`, which explains a decision without serving it, and `addon-path`."""

from __future__ import annotations

from pathlib import Path

import click

from proxy.cli.options import json_option, with_store
from proxy.cli.output import print_json
from store.errors import UserError
from store.messages import Headers, Origin, Request
from store.repository import Store


@click.command()
@click.argument("method")
@click.argument("url")
@click.option("-H", "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header of the request.")
@click.option("-d", "--data", metavar="TEXT|@FILE", default="", help="The body of the request.")
@click.option("--mock", metavar="NAME", required=True, help="The collection to decide among.")
@json_option
@with_store
def match(store: Store, method: str, url: str, headers: tuple[str, ...], data: str, mock: str, as_json: bool) -> None:
    """Say which example of a collection answers METHOD URL, and why; exit code 1 when none does.

    URL is a path, or an absolute URL when the host is to be compared too.

    \b
    understudy match GET '/users/7?page=2' --mock shop
    """
    from matcher.explain import as_json as told
    from matcher.explain import as_text
    from matcher.index import compile_index
    from matcher.settings import POSTMAN
    from proxy.activation import FORWARD_SETTINGS

    request = _request(method, url, headers, data)
    collection = store.collections.find(mock)
    settings = FORWARD_SETTINGS if request.origin else POSTMAN
    decision = compile_index(store.collections.examples(collection.id), settings).decide(request)
    if as_json:
        print_json(told(decision))
    else:
        click.echo(as_text(decision), nl=False)
    if decision.candidate is None:
        click.get_current_context().exit(1)


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
        return Request(method.upper(), url.encode(), fields, body_argument(data, "--data"))
    try:
        origin = Origin.parse(url)
    except ValueError as error:
        raise UserError(f"URL is a path such as /users/1 or an absolute URL: {error}") from error
    target = "/" + url.split("://", 1)[1].partition("/")[2]
    return Request(method.upper(), target.encode(), fields, body_argument(data, "--data"), origin)
