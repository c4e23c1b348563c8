"""The commands about history."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.hints import render_hint
from understudy.proxy.cli.options import history_filter, json_option, with_store
from understudy.proxy.cli.output import (
    iso_time,
    local_time,
    message_text,
    print_json,
    print_table,
    request_json,
    response_json,
    size_of,
)
from understudy.store.model.exchanges import Exchange
from understudy.store.model.messages import Request, Response
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.store.redaction.redactor import Redactor

HISTORY_COLUMNS = ("ENTRY", "TIME", "SESSION", "REQUEST", "STATUS", "BYTES", "MS")


@click.group()
def history() -> None:
    """All recorded exchanges."""


@history.command("list")
@click.option("-s", "--session", metavar="NAME", help="Of this session only.")
@click.option("--filter", "filters", metavar="NAME=VALUE", multiple=True, help="method=, host=, path=, status=.")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many, the newest."
)
@json_option
@with_store
def list_history(store: Store, session: str | None, filters: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List recorded exchanges, the newest last.

    \b
    understudy history list --filter 'path=/users/*' --filter status=5xx
    """
    session_id = store.sessions.find(session).id if session else None
    exchanges = store.history.list_newest(history_filter(filters, session_id=session_id), limit)
    if as_json:
        from understudy.store.redaction.settings import make_display_redactor

        redactor = make_display_redactor(store)
        print_json([_summary_json(exchange, _masked_url(exchange.request, redactor)) for exchange in exchanges])
        return
    print_table(HISTORY_COLUMNS, exchange_rows(store, exchanges), "No exchanges.")


@history.command("show")
@click.argument("entry_id", type=int)
@click.option("--secrets", is_flag=True, help="Show secrets too.")
@click.option("--body", type=click.Choice(["request", "response"]), help="Write just this body, byte for byte.")
@json_option
@with_store
def show_history(store: Store, entry_id: int, secrets: bool, body: str | None, as_json: bool) -> None:
    """Show the exchange ENTRY_ID, with what was said on a WebSocket; secrets are masked."""
    from understudy.proxy.cli.recordings.websocket_output import masked_messages, message_json, message_line

    exchange = _read_bodies(store, store.history.get(entry_id))
    if body:
        message = exchange.request if body == "request" else exchange.response
        sys.stdout.buffer.write(_bytes(message))
        return
    messages = store.history.list_messages(entry_id)
    if not secrets:
        exchange, messages = _masked(store, exchange), masked_messages(store, messages)
    if as_json:
        print_json({**_json(exchange), "messages": [message_json(one) for one in messages]})
        return
    click.echo(_text(exchange))
    if messages:
        click.echo("\n" + "\n".join(map(message_line, messages)))


def exchange_rows(store: Store, exchanges: Iterable[Exchange]) -> list[tuple[object, ...]]:
    """Table rows of exchanges, by HISTORY_COLUMNS; queries are cut short."""
    from understudy.store.redaction.settings import make_display_redactor

    redactor = make_display_redactor(store)
    names = {summary.session.id: summary.session.name for summary in store.sessions.list_summaries()}
    return [
        (
            exchange.id,
            local_time(exchange.timings.started),
            names.get(exchange.session_id, ""),
            f"{exchange.request.method} {_short(_masked_url(exchange.request, redactor))}",
            _status(exchange),
            size_of(exchange.response.body) if exchange.response else None,
            _milliseconds(exchange),
        )
        for exchange in exchanges
    ]


def _masked_url(request: Request, redactor: Redactor) -> str:
    return redactor.redact_request(replace(request, body=b""), b"")[0].url


def _short(text: str, limit: int = 100) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _status(exchange: Exchange) -> str:
    if exchange.has_failed:
        return f"failed: {_short(exchange.error or 'no response', 60)}"
    assert exchange.response
    return str(exchange.response.status)


def _milliseconds(exchange: Exchange) -> int | None:
    end = exchange.timings.response_end
    return None if end is None else round((end - exchange.timings.started) * 1000)


def _bytes(message: Request | Response | None) -> bytes:
    body = b"" if message is None else message.body
    assert isinstance(body, bytes)
    return body


def _read_bodies(store: Store, exchange: Exchange) -> Exchange:
    request = replace(exchange.request, body=store.bodies.read(exchange.request.body))
    response = exchange.response and replace(exchange.response, body=store.bodies.read(exchange.response.body))
    return replace(exchange, request=request, response=response)


def _masked(store: Store, exchange: Exchange) -> Exchange:
    from understudy.store.redaction.settings import make_display_redactor

    redactor = make_display_redactor(store)
    request, _ = redactor.redact_request(exchange.request, _bytes(exchange.request))
    response = exchange.response and redactor.redact_response(exchange.response, _bytes(exchange.response))[0]
    return replace(exchange, request=request, response=response)


def _summary_json(exchange: Exchange, url: str) -> dict[str, Any]:
    request, response = exchange.request, exchange.response
    return {
        "id": exchange.id,
        "session_id": exchange.session_id,
        "started_at": iso_time(exchange.timings.started),
        "method": request.method,
        "url": url,
        "status": response.status if response else None,
        "error": exchange.error,
        "request_size": size_of(request.body),
        "response_size": size_of(response.body) if response else None,
        "milliseconds": _milliseconds(exchange),
    }


def _json(exchange: Exchange) -> dict[str, Any]:
    response = exchange.response
    return {
        **_summary_json(exchange, exchange.request.url),
        "redacted": [{"part": place.part, "name": place.name} for place in sorted(exchange.redacted)],
        "request": request_json(exchange.request, _bytes(exchange.request)),
        "response": response_json(response, _bytes(response)) if response else None,
        "degraded": exchange.degraded,
    }


def _text(exchange: Exchange) -> str:
    request, response = exchange.request, exchange.response
    parts = [message_text(f"{request.method} {request.url} {request.http_version}", request.headers, _bytes(request))]
    if response:
        line = f"{response.http_version} {response.status} {response.reason.decode('latin-1')}".rstrip()
        parts.append(message_text(line, response.headers, _bytes(response)))
    if exchange.error:
        parts.append(f"Failed: {_failure(exchange.error, request)}")
    if exchange.degraded:
        parts.append(f"Degraded: {exchange.degraded}")
    if exchange.redacted:
        from understudy.store.redaction.report import format_places

        parts.append(f"Redacted when it was recorded: {format_places(exchange.redacted)}")
    return "\n\n".join(parts)


def _failure(error: str, request: Request) -> str:
    from understudy.serving.gateway.error_replies import find_hint

    hint = find_hint(error, request.origin) if request.origin else None
    return f"{error}; {render_hint(hint)}" if hint else error
