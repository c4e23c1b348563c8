"""The commands that run a gateway: record, replay, mock, gateway."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.gateway.replay_options import MISSED, replay_options, replaying_of, summary
from understudy.proxy.cli.gateway.run_command import FREE_PORT, WithCommand, child_of, command_options
from understudy.proxy.cli.options import (
    check_authority,
    client_certificate,
    current_user,
    listen_address,
    making_store,
    parent_proxies,
    upstream_origin,
    with_store,
)
from understudy.proxy.cli.output import counted
from understudy.proxy.settings import DEFAULT_LISTEN
from understudy.proxy.signals import STOP_SIGNALS, Interrupted, SignalHandler
from understudy.store.errors import UserError
from understudy.store.model.gateways import Gateway, GatewayState, Mode
from understudy.store.model.ids import new_id
from understudy.store.model.messages import LARGE_BODY
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.proxy.gateway.child_command import ChildCommand
    from understudy.proxy.gateway.program import GatewaySettings, Report
    from understudy.serving.gateway.replay import Tally
    from understudy.serving.http1.body_recorder import BodyLimits

Command = Callable[..., Any]
NOTHING_CAME = (
    "no request came: a program that reads no proxy variables can be given UNDERSTUDY_URL, with --upstream URL"
)

LARGE_TO_REDACT = 16 * LARGE_BODY
"""Of a body in pieces no secret is taken out: where that is asked for, fewer come so."""


def gateway_options(command: Command) -> Command:
    """The options of every gateway."""
    options = (
        click.option("--upstream", metavar="URL", help="The API to stand in front of; without it, a forward proxy."),
        click.option(
            "--listen",
            metavar="HOST:PORT",
            help=f"Where to listen [default: {DEFAULT_LISTEN}; with a COMMAND any free port].",
        ),
        click.option(
            "--name", metavar="NAME", help="What 'understudy mode --gateway' calls it [default: gateway-PORT]."
        ),
        click.option(
            "--no-rewrite", is_flag=True, help="Leave Location and cookie domains of the upstream as they are."
        ),
        click.option("--upstream-ca", type=click.Path(path_type=Path), help="PEM file of a CA to trust upstream."),
        click.option(
            "--resolve",
            metavar="HOST:PORT:ADDRESS",
            multiple=True,
            help="Call this host and port at an address, without looking its name up.",
        ),
        click.option("--insecure", is_flag=True, help="Do not verify the upstream's certificate."),
        click.option("--client-cert", type=click.Path(path_type=Path), help="PEM file to sign in upstream with."),
        click.option(
            "--parent-proxy",
            metavar="URL|none",
            help="The proxy to call upstreams through [default: by HTTP_PROXY, HTTPS_PROXY and NO_PROXY].",
        ),
        click.option(
            "-v",
            "--verbose",
            is_flag=True,
            help="Print a line for each request, and what decided it; list all that a replay did not use.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def recording_options(command: Command) -> Command:
    """The options of a gateway that may record."""
    options = (
        click.option(
            "--on-loss",
            type=click.Choice(["stop", "continue"]),
            default="stop",
            show_default=True,
            help="When an exchange cannot be kept: answer with an error, or let the response through.",
        ),
        click.option(
            "--sync",
            type=click.Choice(["normal", "full"]),
            default="normal",
            show_default=True,
            help="full: what is kept survives a power cut too; slower.",
        ),
        click.option(
            "--large-body",
            type=click.IntRange(min=0),
            metavar="BYTES",
            help="Bodies over this size go to the store in pieces while they pass (HTTP/1.1)"
            f" [default: {LARGE_BODY}; {LARGE_TO_REDACT} with --redact].",
        ),
        click.option(
            "--max-body",
            type=click.IntRange(min=0),
            metavar="BYTES",
            help="Keep no more of a body than that, and mark it as cut (HTTP/1.1) [default: all of it].",
        ),
        click.option("--redact", is_flag=True, help="Replace secrets before anything is kept; see redaction."),
    )
    for option in reversed(options):
        command = option(command)
    return command


seed_option = click.option(
    "--seed", type=int, metavar="N", help="Give the same random values in every run, where examples have templates."
)


@click.command(cls=WithCommand)
@click.option("-s", "--session", metavar="NAME", help="The session to record to; an existing one goes on.")
@gateway_options
@recording_options
@command_options
@making_store
def record(store: Store, session: str | None, **options: Any) -> None:
    """Record the traffic of an API, or what COMMAND calls.

    \b
    understudy record --upstream https://api.example.com --session shop
    curl http://127.0.0.1:8080/users/1
    understudy record --session checkout -- npm test
    """
    _serve(store, Mode.RECORD, session=session, **options)


@click.command(cls=WithCommand)
@click.argument("session")
@replay_options
@click.option("--allow-misses", is_flag=True, help="Requests that were not recorded do not make COMMAND fail.")
@gateway_options
@command_options
@with_store
def replay(store: Store, session: str, **options: Any) -> None:
    """Answer from the recorded session SESSION, never calling the API.

    Path, query, body and host have to be as they were recorded; headers do not count unless asked for. At the end it
    tells what was recorded and not asked for, and last what was asked for and not recorded; a COMMAND that succeeded
    then has exit code 3 for the latter.

    \b
    understudy replay shop
    understudy replay checkout -- npm test
    """
    _serve(store, Mode.REPLAY, session=session, **options)


@click.command(cls=WithCommand)
@click.argument("collection", metavar="NAME")
@seed_option
@gateway_options
@command_options
@with_store
def mock(store: Store, collection: str, **options: Any) -> None:
    """Answer from the examples of the mock server or collection NAME, never calling the API.

    \b
    understudy mock shop
    curl http://127.0.0.1:8080/users/1
    understudy mock shop -- npm test
    """
    _serve(store, Mode.MOCK, mock=collection, **options)


@click.command()
@click.option("--mode", "mode_name", metavar="MODE", default="pass", show_default=True, help="The mode to start in.")
@click.option("--mock", metavar="NAME", help="The mock server or collection that mock and spy answer from.")
@click.option("-s", "--session", metavar="NAME", help="The session to record to, or to replay.")
@seed_option
@replay_options
@gateway_options
@recording_options
@making_store
def gateway(store: Store, mode_name: str, **options: Any) -> None:
    """Run a gateway whose mode can be switched while it runs.

    \b
    understudy gateway --upstream https://api.example.com
    understudy mode record --session shop
    understudy mode mock --mock shop
    """
    from understudy.proxy.operations.gateways.modes import parse_mode

    _serve(store, parse_mode(mode_name), **options)


def _serve(store: Store, mode: Mode, **options: Any) -> None:
    import understudy.proxy.gateway.program  # noqa: F401 - takes the most time, and there is nothing yet that a signal could leave behind

    child = child_of(options)
    with child.handle_signals() if child else SignalHandler(STOP_SIGNALS) as signals:
        report = _run(store, mode, child, signals, **options)
    if mode in (Mode.RECORD, Mode.SPY) or report.kept or report.lost:
        told = _kept(report)
        click.echo(f"understudy: {told}" if child else told, err=child is not None)
    if report.tally is not None:
        _tell(report.tally, verbose=options["verbose"])
    if child and _nothing_came(mode, report):
        click.echo(f"understudy: {NOTHING_CAME}", err=True)
    code = (child.exit_code if child else 0) or (1 if report.lost else 0)
    if child and report.tally and report.tally.misses and not options["allow_misses"]:
        code = code or MISSED
    if code:
        click.get_current_context().exit(code)


def _run(store: Store, mode: Mode, child: ChildCommand | None, signals: SignalHandler, **options: Any) -> Report:
    from understudy.proxy.cli.gateway.start_notice import told_when_slow
    from understudy.proxy.gateway.logging_setup import configure_logging
    from understudy.proxy.gateway.program import run_gateway, wait_for_signal
    from understudy.store.redaction.settings import make_display_redactor

    begun = new_id()
    settings = _settings(store, mode, **options)
    shown = settings.redactor.copy_for_display() if settings.redactor else make_display_redactor(store)
    configure_logging(verbose=options["verbose"], redactor=shown)
    if settings.parents and not mode.is_offline:
        click.echo(f"understudy: upstreams are called through the parent proxy {settings.parents}", err=True)
    announce = partial(_announce_beside_command if child else _announce, store)
    meanwhile = child.run if child else wait_for_signal
    try:
        with told_when_slow(store, settings.state) as has_begun:
            return _to_its_end(run_gateway(store, settings, signals, partial(_begin, has_begun, announce), meanwhile))
    except (UserError, Interrupted):
        made = settings.state.session_id
        # By this command, which could not start.
        if made is not None and made > begun and not store.history.list_newest(HistoryFilter(session_id=made), 1):
            store.sessions.delete(made)
        raise


def _to_its_end(gateway: Coroutine[Any, Any, Report]) -> Report:
    import asyncio

    runner = asyncio.Runner()
    with ExitStack() as ends:
        ends.callback(runner.close)
        try:
            return runner.run(gateway)
        except Interrupted:
            ends.pop_all()  # it would wait for the threads, which read what nobody wants any more
            raise


def _kept(report: Report) -> str:
    failed = f", {report.failed} of them failed" if report.failed else ""
    return f"Kept {counted(report.kept, 'exchange')}{failed}; lost {report.lost}."


def _nothing_came(mode: Mode, report: Report) -> bool:
    if report.tally is not None:
        return not report.tally.has_requests
    return mode in (Mode.RECORD, Mode.SPY) and not report.kept and not report.lost


def _tell(tally: Tally, *, verbose: bool) -> None:
    for line in summary(tally, verbose=verbose):
        click.echo(line if line.startswith(" ") else f"understudy: {line}", err=True)


def _settings(store: Store, mode: Mode, **options: Any) -> GatewaySettings:
    from understudy.proxy.gateway.name_overrides import parse_overrides
    from understudy.proxy.gateway.program import GatewaySettings
    from understudy.proxy.operations.gateways.modes import choose_state
    from understudy.proxy.settings import locate_ca_folder
    from understudy.store.model.gateways import OnLoss
    from understudy.store.redaction.settings import make_recording_redactor
    from understudy.store.sql.repositories.find_by_name import check_name

    runs_command = bool(options.get("command"))
    listen, name = options["listen"], options["name"]
    host, port = listen_address((FREE_PORT if runs_command else DEFAULT_LISTEN) if listen is None else listen)
    if name is not None:
        check_name("gateway", name)
    upstream = upstream_origin(options["upstream"])
    authority: Path | None = options["upstream_ca"]
    if authority is not None:
        check_authority(authority)
    certificate = client_certificate(options["client_cert"])
    parents = parent_proxies(options["parent_proxy"], port)
    replaying = replaying_of(options)
    resolved = parse_overrides(options["resolve"])
    # Last: it may make a session, which no mistake in the other options must leave behind.
    state = choose_state(
        store, mode, mock=options.get("mock"), session=options.get("session"), upstream=upstream, actor=current_user()
    )
    return GatewaySettings(
        host=host,
        port=port,
        upstream=upstream,
        state=state,
        name=options["name"],
        confdir=locate_ca_folder(),
        on_loss=OnLoss(options.get("on_loss", OnLoss.STOP)),
        rewrite=not options["no_rewrite"],
        insecure=options["insecure"],
        upstream_ca=authority,
        client_cert=certificate,
        parents=parents,
        replay=replaying,
        seed=options.get("seed"),
        redactor=make_recording_redactor(store) if options.get("redact") else None,
        keeping=_keeping(options),
        forward_elsewhere=runs_command,
        name_overrides=resolved,
    )


def _keeping(options: dict[str, Any]) -> BodyLimits:
    from understudy.serving.http1.body_recorder import BodyLimits

    given = options.get("large_body")
    usual = LARGE_TO_REDACT if options.get("redact") else LARGE_BODY
    return BodyLimits(usual if given is None else given, options.get("max_body"))


def _begin(has_begun: Callable[[], None], announce: Callable[[Gateway], None], gateway: Gateway) -> None:
    has_begun()
    announce(gateway)


def _announce(store: Store, gateway: Gateway) -> None:
    where = f" in front of {gateway.upstream}" if gateway.upstream else ""
    if not gateway.upstream and not gateway.desired_state.mode.is_offline:
        where = " as a forward proxy"
    click.echo(f"Listening on http://{gateway.listen}{where}: {describe_state(store, gateway.desired_state)}.")
    click.echo(f"The store is {store.location}. Stop with Ctrl-C.")


def _announce_beside_command(store: Store, gateway: Gateway) -> None:
    # In one line, and not where the command's output goes.
    told = f"{describe_state(store, gateway.desired_state)}, by http://{gateway.listen}, in the store {store.location}"
    click.echo(f"understudy: {told}", err=True)


def describe_state(store: Store, state: GatewayState) -> str:
    """A mode with its mock server or collection, and its session, for people."""
    words = [f"mode {state.mode}"]
    if state.mock_server_id:
        words.append(f"answering from mock server {store.mock_servers.find(state.mock_server_id).name}")
    elif state.collection_id:
        words.append(f"answering from collection {store.collections.find(state.collection_id).name}")
    if state.session_id:
        verb = "answering from" if state.mode is Mode.REPLAY else "recording to"
        words.append(f"{verb} session {store.sessions.find(state.session_id).name}")
    return ", ".join(words)
