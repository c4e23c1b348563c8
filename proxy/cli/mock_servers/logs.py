"""The command `mocks logs`: the calls to a mock server, and what it answered."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.naming_options import mock_name
from understudy.proxy.cli.options import current_user, json_option, moment, raw_option, status_condition, with_store
from understudy.proxy.cli.output import (
    counted,
    format_json,
    message_text,
    print_json,
    print_next_page,
    print_table,
)
from understudy.proxy.cli.tables.cells import local_time, status_cell, time_cell
from understudy.proxy.cli.tables.table import PATH_WIDTH, Cell, Column, Cut
from understudy.proxy.cli.terminal_text import Styled, escape_line, find_width, print_line, print_recorded
from understudy.proxy.cli.trash.deleting import Deleting
from understudy.proxy.operations.mock_servers import call_logs as operations
from understudy.proxy.operations.mock_servers.call_logs import EVERY_CALL, CallConditions, CallPage
from understudy.proxy.operations.views.calls import call_contents_json, call_json
from understudy.proxy.operations.views.messages import require_bytes
from understudy.store.errors import UserError
from understudy.store.model.calls import KEPT_BODY, NEEDS_EXAMPLE, NO_MATCH, Call
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.proxy.call_log.reader import CallCounts

COLUMNS = (
    Column("CALL"),
    Column("TIME", drop=1),
    Column("METHOD"),
    Column("PATH", Cut.MIDDLE, least=PATH_WIDTH),
    Column("STATUS"),
    Column("RESPONSE", Cut.END, drop=2),
    Column("MS", drop=3),
)
POLL_SECONDS = 0.2
INSTEAD = {NO_MATCH: "No matching requests", NEEDS_EXAMPLE: "You need an example"}


@click.command("logs", cls=UnderstudyCommand)
@mock_name()
@click.option("-f", "--follow", is_flag=True, help="Show new calls too, until Ctrl-C.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    default=50,
    show_default=True,
    help="Show the newest N calls.",
)
@click.option("--status", metavar="STATUS", help="With this status, such as 404, or of a class, such as 5xx.")
@click.option("--method", metavar="METHOD", help="With this method.")
@click.option("--path", metavar="GLOB", help="With a path, without its query, such as '/users/*'.")
@click.option("--since", metavar="TIME", help="From then on: 2026-01-31T09:30, or 90s, 10m, 2h, 1d ago.")
@click.option("--until", metavar="TIME", help="Before then.")
@click.option("--matched/--missed", default=None, help="Only calls that an example answered, or that none did.")
@click.option("--before", type=click.IntRange(min=1), metavar="CALL", help="Older than this call.")
@click.option("--after", type=click.IntRange(min=0), metavar="CALL", help="The first N that are newer than this call.")
@click.option("--call", "call_id", type=int, metavar="CALL", help="Show this call in full.")
@click.option("--clear", is_flag=True, help="Delete all calls. It can be undone for a week.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before --clear.")
@click.option("--forever", is_flag=True, help="With --clear, delete at once and overwrite; this cannot be undone.")
@raw_option
@json_option
@with_store
def logs(
    store: Store,
    name: str,
    follow: bool,
    limit: int,
    call_id: int | None,
    clear: bool,
    yes: bool,
    forever: bool,
    raw: bool,
    as_json: bool,
    **conditions: Any,
) -> None:
    """Show the calls to the mock server NAME, the newest last. Secrets are redacted before a call is kept.

    \b
    understudy mocks logs shop --missed --since 10m
    understudy mocks logs shop --follow --path '/users/*'
    understudy mocks logs shop --call 12
    """
    if (yes or forever) and not clear:
        raise UserError("goes with --clear", field="yes" if yes else "forever")
    if sum((follow, clear, call_id is not None)) > 1:
        raise UserError("give one of --follow, --call and --clear")
    wanted = _read_conditions(**conditions)
    if call_id is not None:
        _show_call(store, name, call_id, raw=raw, as_json=as_json)
    elif clear:
        _clear(store, name, Deleting(yes, forever, as_json))
    elif follow:
        _follow(store, operations.list_calls(store, name, wanted, limit), wanted, as_json=as_json)
    else:
        _print_page(operations.list_calls(store, name, wanted, limit), wanted, as_json=as_json)


def _clear(store: Store, name: str, deleting: Deleting) -> None:
    from understudy.proxy.operations.trash.previews import preview_calls

    chosen = deleting.confirm(lambda: preview_calls(store, name))
    deleted = operations.clear_calls(store, name, forever=chosen, actor=current_user())
    cleared = deleted.thing
    text = f"Deleted {counted(cleared.calls, 'call')} of {cleared.mock.name}"
    deleting.report("calls", cleared.mock.name, deleted, text)


def _read_conditions(*, status: str | None, since: str | None, until: str | None, **conditions: Any) -> CallConditions:
    now = time.time()
    return CallConditions(
        since=moment(since, "--since", now),
        until=moment(until, "--until", now),
        status=status_condition(status, "--status"),
        **conditions,
    )


def _print_page(page: CallPage, wanted: CallConditions, *, as_json: bool) -> None:
    if as_json:
        print_json([call_json(call) for call in page.calls])
    else:
        print_table(COLUMNS, [_row(call) for call in page.calls], _describe_empty(page, wanted))
        option = "before" if wanted.after is None else "after"
        print_next_page(option, page.more and getattr(page.more, option))
    _report_lost(page.counts)


def _describe_empty(page: CallPage, wanted: CallConditions) -> str:
    mock = page.mock
    if not mock.log_limit:
        return f"The call log of {mock.name} is off; switch it on: understudy mocks edit {mock.name} --log-limit 10000"
    return "No calls." if wanted == EVERY_CALL else "No such calls."


def _report_lost(counts: CallCounts) -> None:
    causes = {
        "came faster than they could be written": counts.dropped,
        "could not be written": counts.failed,
        "ended with the process that had to write them": counts.gone,
        "came while the log was off": counts.unlogged,
        "wait to be written": counts.waiting,
    }
    lost = [f"{number} {cause}" for cause, number in causes.items() if number]
    if lost:
        since = "since the mock servers were started"
        print_line(f"Of {counted(counts.calls, 'call')} {since}, {', '.join(lost)}.", err=True)


def _follow(store: Store, page: CallPage, wanted: CallConditions, *, as_json: bool) -> None:
    """Print calls as they come, until Ctrl-C, or until the reader of standard output ends."""
    newest = page.calls[-1].id if page.calls else wanted.after or 0
    try:
        _print_lines(page.calls, as_json=as_json)
        while not _has_lost_reader():
            time.sleep(POLL_SECONDS)
            for call in operations.read_new_calls(store, page.mock, wanted, newest):
                _print_lines([call], as_json=as_json)
                newest = call.id
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # Python flushes standard output once more as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _has_lost_reader() -> bool:
    try:
        output = sys.stdout.fileno()
    except (OSError, ValueError):  # not a file
        return False
    poll = select.poll()
    poll.register(output, 0)
    return any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))


def _print_lines(calls: Sequence[Call], *, as_json: bool) -> None:
    for call in calls:
        if as_json:
            print_line(format_json(call_json(call)))
        else:
            _print_followed(call)


def _print_followed(call: Call) -> None:
    at = time_cell(call.at)
    shown_at = at.whole if find_width() is None else at.short
    start = f"{call.id:>6}  {shown_at}  {call.request.method:<7} {call.request.url:<{PATH_WIDTH}} "
    print_line(start, _status(call), f"  {_response(call)}  {_millis(call)} ms")


def _row(call: Call) -> Sequence[Cell]:
    request = call.request
    return call.id, time_cell(call.at), request.method, request.url, _status(call), _response(call), _millis(call)


def _status(call: Call) -> Styled:
    return Styled("-", "red") if call.response is None else status_cell(call.response.status)


def _response(call: Call) -> str:
    """Return what answered: the example, or what was sent instead."""
    if call.example_id is not None:
        return call.example_name or call.example_id
    return INSTEAD.get(call.decision, call.decision)


def _millis(call: Call) -> float:
    return round(call.duration * 1000, 2)


def _show_call(store: Store, name: str, call_id: int, *, raw: bool, as_json: bool) -> None:
    call = operations.read_call(store, name, call_id)
    if as_json:
        print_json(call_contents_json(call))
        return
    print_recorded(_text(call, raw=raw), raw=raw)


def _text(call: Call, *, raw: bool) -> str:
    request, response = call.request, call.response
    body = require_bytes(request.body)
    lines = [
        f"Call {call.id} at {local_time(call.at)}, {_millis(call)} ms: {escape_line(_response(call))}",
        f"Decision: {escape_line(call.decision)}",
        "",
        message_text(f"{request.method} {request.url} {request.http_version}", request.headers, body, raw=raw),
        *_cut(call.request_size, body),
        "",
    ]
    if response is None:
        return "\n".join([*lines, "No whole answer was sent."])
    answered = require_bytes(response.body)
    line = f"{response.http_version} {response.status} {response.reason.decode('latin-1')}".rstrip()
    return "\n".join(
        [*lines, message_text(line, response.headers, answered, raw=raw), *_cut(call.response_size, answered)],
    )


def _cut(size: int, kept: bytes) -> list[str]:
    return [f"({size} bytes, of which {len(kept)} were kept)"] if size > max(KEPT_BODY, len(kept)) else []
