"""The command `send`: call an API for real, and keep its answer as an example."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.options import (
    ABSOLUTE_URL,
    Seconds,
    current_user,
    json_option,
    making_store,
    raw_option,
    url_request,
    wait_for_gateways,
)
from understudy.proxy.cli.output import message_text, print_json
from understudy.proxy.cli.tables.cells import show_id
from understudy.proxy.cli.terminal_text import print_line, print_recorded
from understudy.store.errors import UserError
from understudy.store.model.exchanges import Exchange
from understudy.store.model.ids import IdKind
from understudy.store.model.messages import Request
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    import ssl


@click.command(cls=UnderstudyCommand)
@click.argument("method")
@click.argument("url")
@click.option("-H", "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header of the request.")
@click.option("-d", "--data", metavar="TEXT|@FILE", default="", help="The body of the request.")
@click.option(
    "-c",
    "--save-to",
    "--collection",
    "save_to",
    metavar="COLLECTION",
    help="Save the answer as an example; the collection is created if needed.",
)
@click.option("--name", metavar="TEXT", help="The example's name [default: made from the request and the status].")
@click.option("--keep-secrets", is_flag=True, help="Do not redact tokens, passwords and cookies in the example.")
@click.option("--timeout", type=Seconds(0.001), default=30.0, show_default=True, help="Seconds to wait.")
@click.option("--upstream-ca", type=click.Path(path_type=Path), help="PEM file of a CA to trust.")
@click.option("--insecure", is_flag=True, help="Do not verify the certificate.")
@raw_option
@json_option
@making_store
def send(
    store: Store,
    method: str,
    url: str,
    headers: tuple[str, ...],
    data: str,
    save_to: str | None,
    name: str | None,
    keep_secrets: bool,
    timeout: float,
    upstream_ca: Path | None,
    insecure: bool,
    raw: bool,
    as_json: bool,
) -> None:
    """Send a request to URL and print the answer; redirects are not followed, and history does not keep it.

    \b
    understudy send GET https://api.example.com/users/1 --save-to shop
    understudy send POST https://api.example.com/orders -H 'Authorization: Bearer ...' -d '{"item": 2}' --save-to shop
    """
    from understudy.proxy.operations.collections import send as operations

    if save_to is None and (name is not None or keep_secrets):
        raise UserError("--name and --keep-secrets go with --save-to COLLECTION")
    request, context = _request(method, url, headers, data), _context(upstream_ca, insecure)
    exchange = operations.send(request, seconds=timeout, context=context)
    # First of all: the API has acted on the request, whether it can be saved or not.
    _print(exchange, raw=raw, as_json=as_json)
    if save_to is not None:
        _save(store, exchange, save_to, name, keep_secrets)


def _request(method: str, url: str, headers: tuple[str, ...], data: str) -> Request:
    from importlib.metadata import version

    from understudy.proxy.operations.collections.request_lines import with_type
    from understudy.proxy.operations.collections.send import prepared
    from understudy.store.model.values import replace

    request = url_request(method, url, headers, data, ABSOLUTE_URL)
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise UserError("a URL with a user name is not sent: give a header instead, -H 'Authorization: Basic ...'")
    assert isinstance(request.body, bytes)
    typed = replace(request, headers=with_type(request.headers, request.body))
    return prepared(typed, f"understudy/{version('understudy')}")


def _context(authority: Path | None, insecure: bool) -> ssl.SSLContext:
    import ssl

    from understudy.proxy.pem_files import check_authorities

    if authority is not None:
        check_authorities(authority, field="upstream_ca")
    context = ssl.create_default_context(cafile=authority)
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _print(exchange: Exchange, *, raw: bool, as_json: bool) -> None:
    response = exchange.response
    assert response
    assert isinstance(response.body, bytes)
    if as_json:
        from understudy.proxy.operations.views.messages import response_json

        print_json(response_json(response, response.body))
        return
    line = f"{response.http_version} {response.status} {response.reason.decode('latin-1')}".rstrip()
    print_recorded(message_text(line, response.headers, response.body, raw=raw), raw=raw)


def _save(store: Store, exchange: Exchange, collection: str, name: str | None, keep_secrets: bool) -> None:
    from understudy.proxy.cli.promotion_output import redaction_note
    from understudy.proxy.operations.recordings.promotion import save_exchange

    example, outcome = save_exchange(
        store, exchange, collection, name=name, keep_secrets=keep_secrets, actor=current_user()
    )
    # On stderr: standard output is the answer.
    if example is None:
        print_line(f"{collection} has that answer already; nothing was saved.", err=True)
        return
    print_line(f"Saved {example.name} ({show_id(store, IdKind.EXAMPLE, example.id)}) to {collection}.", err=True)
    note = redaction_note(outcome)
    if note:
        print_line(note, err=True)
    wait_for_gateways(store)
