"""The command `mocks verify`: whether a mock server was called as expected."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from understudy.proxy.cli.options import Seconds, body_argument, json_option, moment, with_store
from understudy.proxy.cli.output import print_json
from understudy.store.errors import UserError
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.proxy.operations.mock_servers.call_expectations import Times

_NUMBER = click.IntRange(min=0)


@click.command("verify")
@click.argument("name")
@click.option(
    "--called", metavar="'METHOD PATH'", required=True, help="What is called; a query counts if one is given."
)
@click.option("--times", type=_NUMBER, metavar="N", help="Exactly so often.")
@click.option("--at-least", type=_NUMBER, metavar="N", help="So often or more [1].")
@click.option("--at-most", type=_NUMBER, metavar="N", help="So often or less.")
@click.option("--never", is_flag=True, help="Not once.")
@click.option("-H", "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="With this header.")
@click.option("--body", metavar="JSON|TEXT|@FILE", help="With this body; JSON is compared as a value.")
@click.option("--since", metavar="TIME", help="Count calls from then on: 2026-01-31T09:30, or so long ago: 90s, 10m.")
@click.option("--within", type=Seconds(0), metavar="SECONDS", help="Wait so long for it to be so.")
@json_option
@with_store
def verify(
    store: Store,
    name: str,
    called: str,
    times: int | None,
    at_least: int | None,
    at_most: int | None,
    never: bool,
    headers: tuple[str, ...],
    body: str | None,
    since: str | None,
    within: float | None,
    as_json: bool,
) -> None:
    """Say whether the mock server NAME was called as expected; exit code 1 when it was not.

    The path and the values may hold {{name}} or :name, as those of examples may.

    \b
    understudy mocks verify shop --called 'POST /orders' --times 2
    understudy mocks verify shop --called 'POST /orders' --body '{"item": 7, "note": "{{any}}"}'
    understudy mocks verify shop --called 'DELETE /users/{{id}}' --never --since 10m
    """
    from understudy.proxy.call_log.reader import open_call_log
    from understudy.proxy.operations.mock_servers.call_expectations import Expected
    from understudy.proxy.operations.mock_servers.verification import verified
    from understudy.store.redaction.settings import make_display_redactor

    mock = store.mock_servers.find(name)
    if not mock.log_limit:
        on = f"understudy mocks edit {mock.name} --log-limit 10000"
        raise UserError(f"the call log of {mock.name} is off; switch it on: {on}")
    wanted = _times(times, at_least, at_most, never=never)
    if within is not None and not wanted.least:
        raise UserError("--within waits for calls, and none has to come; verify when the time is over")
    given = None if body is None else body_argument(body, "--body")
    expected = Expected(called, headers, given, make_display_redactor(store))
    begins = moment(since, "--since", time.time())
    with open_call_log(store, mock) as kept:
        verdict = verified(kept, expected, wanted, since=begins, within=within or 0)
    if as_json:
        print_json(verdict.as_json())
    else:
        click.echo(verdict.as_text(), nl=False)
    if not verdict.held:
        click.get_current_context().exit(1)


def _times(times: int | None, least: int | None, most: int | None, *, never: bool) -> Times:
    from understudy.proxy.operations.mock_servers.call_expectations import times_of

    if never and any(number is not None for number in (times, least, most)):
        raise UserError("--never goes with no other number")
    return times_of(0 if never else times, least, most)
