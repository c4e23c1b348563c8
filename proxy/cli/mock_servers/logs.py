"""The command `mocks logs`: the calls that a mock server was asked, and what it answered."""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from understudy.proxy.call_log.reader import StoredCallLog, open_call_log
from understudy.proxy.cli.options import json_option, moment, status_condition, with_store
from understudy.proxy.cli.output import (
    counted,
    iso_time,
    local_time,
    message_text,
    print_json,
    print_table,
    request_json,
    response_json,
)
from understudy.store.errors import NotFound, UserError
from understudy.store.model.calls import KEPT_BODY, NEEDS_EXAMPLE, NO_MATCH, Call
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.naming import escape_unprintable
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.repositories.store import Store

COLUMNS = ("CALL", "TIME", "METHOD", "PATH", "STATUS", "RESPONSE", "MS")
POLL_SECONDS = 0.2
INSTEAD = {NO_MATCH: "No matching requests", NEEDS_EXAMPLE: "You need an example"}
LONGEST_SHOWN = 100


@click.command("logs")
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Go on with new calls until Ctrl-C.")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many, the newest."
)
@click.option("--status", metavar="STATUS", help="With this status, such as 404, or of a class, such as 5xx.")
@click.option("--method", metavar="METHOD", help="With this method.")
@click.option("--path", metavar="GLOB", help="With a path, without its query, such as '/users/*'.")
@click.option("--since", metavar="TIME", help="Not before: 2026-01-31T09:30, or so long ago: 90s, 10m, 2h, 1d.")
@click.option("--until", metavar="TIME", help="Before.")
@click.option("--matched/--missed", default=None, help="That an example answered, or that none did.")
@click.option("--before", type=click.IntRange(min=1), metavar="CALL", help="Older than this call: the page before.")
@click.option("--call", "call_id", type=int, metavar="CALL", help="Show this call in full.")
@click.option("--clear", is_flag=True, help="Forget all calls.")
@json_option
@with_store
def logs(
    store: Store,
    name: str,
    follow: bool,
    limit: int,
    call_id: int | None,
    clear: bool,
    as_json: bool,
    **conditions: Any,
) -> None:
    """Show the calls to the mock server NAME, the newest last. Secrets are redacted before a call is kept.

    \b
    understudy mocks logs shop --missed --since 10m
    understudy mocks logs shop --follow --path '/users/*'
    understudy mocks logs shop --call 12
    """
    mock = store.mock_servers.find(name)
    if sum((follow, clear, call_id is not None)) > 1:
        raise UserError("give one of --follow, --call and --clear")
    wanted = _filter(mock, **conditions)
    if call_id is not None:
        _show(store, mock, call_id, as_json=as_json)
        return
    with open_call_log(store, mock) as kept:
        if clear:
            _clear(store, mock, kept)
            return
        kept.catch_up()
        calls = store.calls.list_newest(wanted, limit)
        if follow:
            _follow(store, mock, wanted, calls, as_json=as_json)
            return
        if as_json:
            print_json([_call_json(call) for call in calls])
        else:
            print_table(COLUMNS, [_row(call) for call in calls], _empty(mock, wanted))
        _tell_lost(kept)


def _filter(
    mock: MockServer,
    *,
    status: str | None,
    method: str | None,
    path: str | None,
    since: str | None,
    until: str | None,
    matched: bool | None,
    before: int | None,
) -> CallFilter:
    if path is not None and not path.startswith(("/", "*", "?", "[")):
        raise UserError(f"--path takes a glob of a path, such as '/users/*', got {path!r}")
    now = time.time()
    return CallFilter(
        mock.id,
        since=moment(since, "--since", now),
        until=moment(until, "--until", now),
        method=method,
        path=path,
        status=status_condition(status, "--status"),
        matched=matched,
        before=before,
    )


def _empty(mock: MockServer, wanted: CallFilter) -> str:
    if not mock.log_limit:
        return f"The call log of {mock.name} is off; switch it on: understudy mocks edit {mock.name} --log-limit 10000"
    return "No calls." if wanted == CallFilter(mock.id) else "No such calls."


def _tell_lost(kept: StoredCallLog) -> None:
    numbers = kept.read_counts()
    causes = {
        "came faster than they could be written": numbers.dropped,
        "could not be written": numbers.failed,
        "ended with the process that was to write them": numbers.gone,
        "came while the log was off": numbers.unlogged,
        "wait to be written": numbers.waiting,
    }
    told = [f"{number} {cause}" for cause, number in causes.items() if number]
    if told:
        since = "since the mock servers were started"
        click.echo(f"Of {counted(numbers.calls, 'call')} {since}, {', '.join(told)}.", err=True)


def _clear(store: Store, mock: MockServer, kept: StoredCallLog) -> None:
    kept.catch_up()
    click.echo(f"Forgot {counted(store.calls.clear(mock.id), 'call')} of {mock.name}.")


def _follow(store: Store, mock: MockServer, wanted: CallFilter, calls: Sequence[Call], *, as_json: bool) -> None:
    """Print calls as they come, until Ctrl-C, or until nobody reads."""
    seen = calls[-1].id if calls else 0
    try:
        _print_lines(calls, as_json=as_json)
        while not _nobody_reads():
            time.sleep(POLL_SECONDS)
            _check_there(store, mock)
            for call in reversed(list(StoredCallLog(store, mock, None).read_newest_first(replace(wanted, after=seen)))):
                _print_lines([call], as_json=as_json)
                seen = call.id
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # Python flushes standard output once more as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check_there(store: Store, mock: MockServer) -> None:
    try:
        store.mock_servers.find(mock.id)
    except NotFound:
        raise NotFound(f"mock server {mock.name} was deleted, and its log with it") from None


def _nobody_reads() -> bool:
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
            line = json.dumps(_call_json(call), ensure_ascii=False)
        else:
            number, at, method, path, status, response, millis = _row(call)
            line = escape_unprintable(f"{number:>6}  {at}  {method:<7} {path:<40} {status}  {response}  {millis} ms")
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _row(call: Call) -> tuple[object, ...]:
    url = call.request.url
    path = url if len(url) <= LONGEST_SHOWN else f"{url[: LONGEST_SHOWN - 1]}…"
    status = "-" if call.response is None else call.response.status
    return call.id, local_time(call.at), call.request.method, path, status, _response(call), _millis(call)


def _response(call: Call) -> str:
    """What answered: the example, or what the call met instead."""
    if call.example_id is not None:
        return call.example_name or call.example_id
    return INSTEAD.get(call.decision, call.decision)


def _millis(call: Call) -> float:
    return round(call.duration * 1000, 2)


def _call_json(call: Call) -> dict[str, Any]:
    return {
        "id": call.id,
        "at": iso_time(call.at),
        "method": call.request.method,
        "url": call.request.url,
        "status": None if call.response is None else call.response.status,
        "example_id": call.example_id,
        "example": call.example_name if call.example_id is not None else None,
        "decision": call.decision,
        "milliseconds": _millis(call),
        "request_size": call.request_size,
        "response_size": call.response_size,
    }


def _show(store: Store, mock: MockServer, call_id: int, *, as_json: bool) -> None:
    call = store.calls.get(call_id)
    if call.mock_server_id != mock.id:
        raise NotFound(f"there is no call {call_id} to {mock.name} in the log")
    if as_json:
        response = call.response
        parts = {
            "request": request_json(call.request, _body(call.request.body)),
            "response": response and response_json(response, _body(response.body)),
        }
        print_json({**_call_json(call), **parts})
        return
    click.echo(_text(call))


def _text(call: Call) -> str:
    request, response = call.request, call.response
    body = _body(request.body)
    lines = [
        f"Call {call.id} at {local_time(call.at)}, {_millis(call)} ms: {escape_unprintable(_response(call))}",
        f"Decision: {escape_unprintable(call.decision)}",
        "",
        message_text(f"{request.method} {request.url} {request.http_version}", request.headers, body),
        *_cut(call.request_size, body),
        "",
    ]
    if response is None:
        return "\n".join([*lines, "No whole answer was sent."])
    answered = _body(response.body)
    line = f"{response.http_version} {response.status} {response.reason.decode('latin-1')}".rstrip()
    return "\n".join(
        [*lines, message_text(line, response.headers, answered), *_cut(call.response_size, answered)],
    )


def _cut(size: int, kept: bytes) -> list[str]:
    return [f"({size} bytes, of which {len(kept)} were kept)"] if size > max(KEPT_BODY, len(kept)) else []


def _body(body: object) -> bytes:
    assert isinstance(body, bytes)
    return body
