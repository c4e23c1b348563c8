"""The commands that run a gateway: record, replay, mock, gateway."""

from __future__ import annotations

from typing import Any

import click

from understudy.proxy.cli.behaviour_options import path_line_options
from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.gateway.gateway_options import (
    allow_remote_option,
    explain_header_option,
    gateway_options,
    no_shift_dates_option,
    read_gateway_settings,
    recording_options,
    seed_option,
)
from understudy.proxy.cli.gateway.gateway_output import Terminal
from understudy.proxy.cli.gateway.replay_options import ignore_host_option, replay_options
from understudy.proxy.cli.gateway.run_command import WithCommand, command_options, read_child_command
from understudy.proxy.cli.naming_options import mock_name, session_name
from understudy.proxy.cli.options import current_user, making_store, with_store
from understudy.proxy.cli.starting.ready_options import ready_options
from understudy.proxy.settings import STANDARD_OUTPUT
from understudy.store.model.gateways import Mode
from understudy.store.repositories.store import Store

allow_misses_option = click.option("--allow-misses", is_flag=True, help="Do not fail for requests without an answer.")


@click.command(cls=WithCommand)
@click.option("-s", "--session", metavar="NAME", help="The session to record to; an existing one is continued.")
@gateway_options
@recording_options
@ignore_host_option
@ready_options
@command_options
@making_store
def record(store: Store, **options: Any) -> None:
    """Record the traffic of an API, or of COMMAND.

    \b
    understudy record --upstream https://api.example.com --session shop
    curl http://127.0.0.1:8080/users/1
    understudy record --session checkout -- npm test
    """
    _run(store, Mode.RECORD, **options)


@click.command(cls=WithCommand)
@session_name("session", "SESSION")
@replay_options
@allow_misses_option
@no_shift_dates_option
@explain_header_option
@gateway_options
@ready_options
@command_options
@with_store
def replay(store: Store, **options: Any) -> None:
    """Answer from the recorded session SESSION, without calling the API.

    Path, query, body and host have to be as recorded; headers are compared only with --match-header. At the end it
    lists the exchanges that were not used, then the requests that were not recorded; for these, the exit code of a
    COMMAND that succeeded is 3.

    \b
    understudy replay shop
    understudy replay checkout -- npm test
    """
    _run(store, Mode.REPLAY, **options)


@click.command(cls=WithCommand)
@mock_name("mock")
@allow_misses_option
@path_line_options
@seed_option
@no_shift_dates_option
@explain_header_option
@allow_remote_option
@gateway_options
@ready_options
@command_options
@with_store
def mock(store: Store, **options: Any) -> None:
    """Answer from the examples of NAME, a mock server or collection, without calling the API.

    At the end it lists the requests that no example answered; for these, the exit code of a COMMAND that succeeded is
    3.

    \b
    understudy mock shop
    curl http://127.0.0.1:8080/users/1
    understudy mock shop -- npm test
    """
    _run(store, Mode.MOCK, **options)


@click.command(cls=UnderstudyCommand)
@click.option("--mode", "mode_name", metavar="MODE", default="pass", show_default=True, help="The mode to start in.")
@click.option("--mock", metavar="NAME", help="The mock server or collection that mock and spy answer from.")
@click.option("-s", "--session", metavar="NAME", help="The session to record to, or to replay.")
@path_line_options
@seed_option
@replay_options
@no_shift_dates_option
@explain_header_option
@allow_remote_option
@gateway_options
@recording_options
@ready_options
@making_store
def gateway(store: Store, mode_name: str, **options: Any) -> None:
    """Run a gateway whose mode can be switched while it runs.

    \b
    understudy gateway --upstream https://api.example.com
    understudy mode record --session shop
    understudy mode mock --mock shop
    """
    from understudy.proxy.operations.gateways.modes import parse_mode

    _run(store, parse_mode(mode_name), **options)


def _run(
    store: Store,
    mode: Mode,
    *,
    mock: str | None = None,
    session: str | None = None,
    verbose: bool,
    allow_misses: bool = False,
    **options: Any,
) -> None:
    # This import takes the most time, and nothing has begun yet that a signal could leave behind.
    from understudy.proxy.gateway.run import FirstMode, run_to_end

    child = read_child_command(options)
    settings = read_gateway_settings(verbose=verbose, **options)
    keeps_output = child is not None or options["json_log"] == STANDARD_OUTPUT
    terminal = Terminal(store, runs_command=child is not None, keeps_output=keeps_output)
    report = run_to_end(
        store,
        settings,
        FirstMode(mode, mock, session),
        terminal,
        child=child,
        verbose=verbose,
        actor=current_user(),
    )
    terminal.print_report(report, verbose=verbose)
    if code := report.choose_exit_code(check_misses=child is not None and not allow_misses):
        click.get_current_context().exit(code)
