"""The command `mocks verify`: whether a mock server was called as expected."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.naming_options import mock_name
from understudy.proxy.cli.options import Seconds, body_argument, json_option, moment, with_store
from understudy.proxy.cli.output import print_json
from understudy.proxy.cli.terminal_text import print_text
from understudy.store.errors import UserError
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.proxy.operations.mock_servers.call_expectations import Times

_NUMBER = click.IntRange(min=0)


@click.command("verify", cls=UnderstudyCommand)
@mock_name()
@click.option(
    "--called", metavar="'METHOD PATH'", required=True, help="The expected call; a query counts if one is given."
)
@click.option("--times", type=_NUMBER, metavar="N", help="Exactly N times.")
@click.option("--at-least", type=_NUMBER, metavar="N", help="N times or more [1].")
@click.option("--at-most", type=_NUMBER, metavar="N", help="N times or fewer.")
@click.option("--never", is_flag=True, help="Not once.")
@click.option("-H", "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="With this header.")
@click.option("--body", metavar="JSON|TEXT|@FILE", help="With this body; JSON is compared as a value.")
@click.option("--since", metavar="TIME", help="Count calls from then on: 2026-01-31T09:30, or 90s, 10m ago.")
@click.option("--within", type=Seconds(0), metavar="SECONDS", help="Wait up to SECONDS for the expected calls.")
@json_option
@with_store
def verify(
    store: Store,
    name: str,
    called: str,
    headers: tuple[str, ...],
    body: str | None,
    since: str | None,
    within: float | None,
    as_json: bool,
    **numbers: Any,
) -> None:
    """Check whether the mock server NAME was called as expected; exit code 1 when it was not.

    The path and the values may hold {{name}} or :name, as those of examples may.

    \b
    understudy mocks verify shop --called 'POST /orders' --times 2
    understudy mocks verify shop --called 'POST /orders' --body '{"item": 7, "note": "{{any}}"}'
    understudy mocks verify shop --called 'DELETE /users/{{id}}' --never --since 10m
    """
    from understudy.proxy.operations.mock_servers.verification import ExpectedCalls, verify_calls
    from understudy.proxy.operations.views.verdicts import verdict_json

    times = _read_times(**numbers)
    body_bytes = None if body is None else body_argument(body, "--body")
    expected = ExpectedCalls(called, headers, body_bytes, times, moment(since, "--since", time.time()))
    verdict = verify_calls(store, name, expected, within=within)
    if as_json:
        print_json(verdict_json(verdict))
    else:
        print_text(verdict.as_text(), end="")
    if not verdict.held:
        click.get_current_context().exit(1)


def _read_times(*, times: int | None, at_least: int | None, at_most: int | None, never: bool) -> Times:
    from understudy.proxy.operations.mock_servers.call_expectations import times_of

    if never and any(number is not None for number in (times, at_least, at_most)):
        raise UserError("--never goes with no other number")
    return times_of(0 if never else times, at_least, at_most)
