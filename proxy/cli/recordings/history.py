"""The commands about history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from understudy.proxy.cli.hints import render_hint
from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.options import json_option, raw_option, with_store
from understudy.proxy.cli.output import (
    message_text,
    print_json,
)
from understudy.proxy.cli.recordings.history_table import print_entries
from understudy.proxy.cli.recordings.selection_options import Selection, selection_options
from understudy.proxy.cli.terminal_text import escape_line, print_bytes, print_line, print_recorded, print_text
from understudy.store.model.exchanges import Exchange
from understudy.store.model.messages import MessagePart
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.proxy.operations.recordings.history import EntryContent


@click.group(
    cls=LazyGroup,
    elsewhere={"delete": "understudy.proxy.cli.recordings.delete_history:delete_history"},
)
def history() -> None:
    """Recorded exchanges."""


@history.command("list")
@selection_options
@click.option("--before", metavar="ENTRY", type=int, help="List those before this entry.")
@click.option("--after", metavar="ENTRY", type=int, help="List the first N after this entry, instead of the newest.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    default=50,
    show_default=True,
    help="List the newest N at most.",
)
@json_option
@with_store
def list_history(
    store: Store, selection: Selection, before: int | None, after: int | None, limit: int, as_json: bool
) -> None:
    """List recorded exchanges, the newest last.

    \b
    understudy history list --filter 'path=/users/*' --filter status=5xx
    understudy history list --search 'order "not found"' --since 2h
    """
    from understudy.proxy.operations.recordings.history import list_entries
    from understudy.proxy.operations.views.recordings import entry_json

    selection.prepare(store)
    # One more than asked for shows whether the list goes on.
    found = list_entries(
        store, selection.criteria, session=selection.session, limit=limit + 1, before=before, after=after
    )
    entries = found[-limit:] if after is None else found[:limit]
    if as_json:
        print_json([entry_json(entry) for entry in entries])
    else:
        print_entries(entries)
    if not found:
        _explain_nothing(store, selection, is_page=before is not None or after is not None)
    elif len(found) > limit and not as_json:
        option, last = ("before", entries[0]) if after is None else ("after", entries[-1])
        _print_rest(store, selection, len(entries), f"--{option} {last.exchange.id}")


def _explain_nothing(store: Store, selection: Selection, *, is_page: bool) -> None:
    from understudy.proxy.operations.recordings.history import narrow_to_session
    from understudy.proxy.operations.recordings.selections import explain_nothing

    criteria = narrow_to_session(store, selection.criteria, selection.session)
    if criteria != HistoryFilter() and not (is_page and store.history.count(criteria, 0)):
        reason = explain_nothing(store, criteria)
        print_line(f"Nothing was found: {reason}{'' if reason.endswith('?') else '.'}", err=True)


def _print_rest(store: Store, selection: Selection, shown: int, option: str) -> None:
    """Print on stderr how many entries there are, and the option that lists the next ones."""
    from understudy.proxy.operations.recordings.history import MOST_COUNTED, count_entries

    number = count_entries(store, selection.criteria, selection.session)
    total = f"{number:,}" if number <= MOST_COUNTED else f"more than {MOST_COUNTED:,}"
    print_line(f"{shown:,} of {total}. More: {option}", err=True)


@history.command("show")
@click.argument("entry_id", type=int)
@click.option("--secrets", is_flag=True, help="Show secrets unmasked.")
@click.option("--body", type=click.Choice(["request", "response"]), help="Write this body only, byte for byte.")
@click.option("--head", type=click.Choice(["request", "response"]), help="Write this head only, byte for byte.")
@raw_option
@json_option
@with_store
def show_history(
    store: Store,
    entry_id: int,
    secrets: bool,
    body: MessagePart | None,
    head: MessagePart | None,
    raw: bool,
    as_json: bool,
) -> None:
    """Show the exchange ENTRY_ID and the messages of its WebSocket or gRPC call. Secrets are masked.

    Not so in the output of --body and --head, which is what was recorded.
    """
    from understudy.proxy.operations.recordings.history import read_entry, read_entry_body, read_entry_head
    from understudy.proxy.operations.views.recordings import entry_content_json

    if head or body:
        data = read_entry_head(store, entry_id, head) if head else b""
        print_bytes(data + (read_entry_body(store, entry_id, body) if body else b""), raw=raw)
        return
    content = read_entry(store, entry_id, show_secrets=secrets)
    if as_json:
        print_json(entry_content_json(content))
    else:
        _print_content(content, raw=raw)


def _print_content(content: EntryContent, *, raw: bool) -> None:
    from understudy.proxy.cli.recordings.websocket_output import message_line

    print_recorded(_text(content, raw=raw), raw=raw)
    if content.messages:
        print_text("\n" + "\n".join(map(message_line, content.messages)))


def _text(content: EntryContent, *, raw: bool) -> str:
    exchange = content.exchange
    request, response = exchange.request, exchange.response
    line = f"{request.method} {request.url} {request.http_version}"
    parts = [message_text(line, request.headers, content.request_body, raw=raw)]
    if response:
        line = f"{response.http_version} {response.status} {response.reason.decode('latin-1')}".rstrip()
        parts.append(message_text(line, response.headers, content.response_body, raw=raw))
    if exchange.error:
        parts.append(f"Failed: {escape_line(_failure(exchange))}")
    if exchange.degraded:
        parts.append(f"Degraded: {escape_line(exchange.degraded)}")
    if exchange.redacted:
        from understudy.store.redaction.report import format_places

        parts.append(f"Redacted when it was recorded: {format_places(exchange.redacted)}")
    return "\n\n".join(parts)


def _failure(exchange: Exchange) -> str:
    from understudy.serving.gateway.error_replies import find_hint

    origin, reason = exchange.request.origin, exchange.unreached_reason or exchange.error or ""
    hint = find_hint(reason, origin) if origin else None
    return f"{exchange.error}; {render_hint(hint)}" if hint else exchange.error or ""
