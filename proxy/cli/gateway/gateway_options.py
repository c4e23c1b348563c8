"""The options of commands that run a gateway, and how they become its settings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.calls.call_line_options import CALL_LINE_OPTIONS
from understudy.proxy.cli.gateway.replay_options import read_replay_settings
from understudy.proxy.cli.listening import choose_address, port_option
from understudy.proxy.cli.options import Command
from understudy.proxy.cli.terminal_text import print_line
from understudy.proxy.settings import DEFAULT_LISTEN, locate_ca_folder
from understudy.store.errors import UserError
from understudy.store.model.messages import LARGE_BODY, Origin

if TYPE_CHECKING:
    from understudy.proxy.call_lines.call_display import CallOutputs
    from understudy.proxy.gateway.name_overrides import NameOverrides
    from understudy.proxy.gateway.settings import GatewaySettings
    from understudy.proxy.project_file import ProjectFile
    from understudy.serving.gateway.parent_proxies import ParentProxies


FREE_PORT = "127.0.0.1:0"
NO_UPSTREAM = "none"
# As in `proxy.gateway.settings`, whose import takes longer than help may.
LARGE_BODY_TO_REDACT = 16 * LARGE_BODY

limit_option = click.option(
    "--limit",
    "limits",
    metavar="NAME=VALUE",
    multiple=True,
    help="Change a limit on clients, such as idle_seconds=30, head=64KB or body=none: see docs/limits.md.",
)

GATEWAY_OPTIONS = (
    click.option(
        "--upstream",
        metavar="URL|none",
        help="The API to stand in front of; without it, a forward proxy"
        " [default of record and gateway: upstream in understudy.toml].",
    ),
    click.option(
        "--listen",
        metavar="HOST:PORT",
        help=f"The address to listen on [default: {DEFAULT_LISTEN}; with a COMMAND a free port].",
    ),
    port_option,
    click.option("--name", metavar="NAME", help="The name for 'understudy mode --gateway' [default: gateway-PORT]."),
    click.option("--no-rewrite", is_flag=True, help="Leave URLs and cookies of the upstream unchanged."),
    click.option(
        "--rewrite-bodies",
        is_flag=True,
        help="Also change URLs of the upstream in JSON and HTML bodies to the gateway's.",
    ),
    click.option("--upstream-ca", type=click.Path(path_type=Path), help="PEM file of a CA to trust upstream."),
    click.option(
        "--resolve",
        metavar="HOST:PORT:ADDRESS",
        multiple=True,
        help="Call HOST:PORT at ADDRESS, without looking the name up.",
    ),
    click.option("--insecure", is_flag=True, help="Do not verify the upstream's certificate."),
    click.option(
        "--client-cert", type=click.Path(path_type=Path), help="PEM file of a certificate and its key for the upstream."
    ),
    click.option(
        "--parent-proxy",
        metavar="URL|none",
        help="The proxy to call upstreams through [default: by HTTP_PROXY, HTTPS_PROXY and NO_PROXY].",
    ),
    limit_option,
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        help="Show all calls at any rate, and how their examples were found; list all that a replay did not use.",
    ),
    *CALL_LINE_OPTIONS,
)

RECORDING_OPTIONS = (
    click.option(
        "--on-loss",
        type=click.Choice(["stop", "continue"]),
        default="stop",
        show_default=True,
        help="When an exchange cannot be recorded: answer with an error, or deliver the response.",
    ),
    click.option(
        "--sync",
        type=click.Choice(["normal", "full"]),
        default="normal",
        show_default=True,
        help="full: what is recorded survives a power cut; slower.",
    ),
    click.option(
        "--large-body",
        type=click.IntRange(min=0),
        metavar="BYTES",
        help="Record larger bodies in pieces while they pass (HTTP/1.1)"
        f" [default: {LARGE_BODY}; {LARGE_BODY_TO_REDACT} with --redact].",
    ),
    click.option(
        "--max-body",
        type=click.IntRange(min=0),
        metavar="BYTES",
        help="Record at most BYTES of a body, and mark it as cut (HTTP/1.1) [default: all].",
    ),
    click.option("--redact", is_flag=True, help="Replace secrets before anything is recorded; see redaction."),
)

seed_option = click.option(
    "--seed", type=int, metavar="N", help="Make random values in templates the same in every run."
)


no_shift_dates_option = click.option(
    "--no-shift-dates", is_flag=True, help="Send recorded dates as they are, not moved by the time since."
)


explain_header_option = click.option(
    "--explain-header", is_flag=True, help="Name the example of each answer in the header X-Understudy-Example."
)


allow_remote_option = click.option(
    "--allow-remote",
    is_flag=True,
    help="Answer as a private mock server without keys, also where other machines reach the address.",
)


def gateway_options(command: Command) -> Command:
    """Add the options of every gateway."""
    for option in reversed(GATEWAY_OPTIONS):
        command = option(command)
    return command


def recording_options(command: Command) -> Command:
    """Add the options of a gateway that may record."""
    for option in reversed(RECORDING_OPTIONS):
        command = option(command)
    return command


def read_gateway_settings(**options: Any) -> GatewaySettings:
    """Return the settings that these options give; raises UserError."""
    from understudy.proxy.client_limits import make_gateway_limits
    from understudy.proxy.gateway.settings import GatewaySettings, choose_body_limits
    from understudy.proxy.project_file import NO_PROJECT, read_limits, read_project
    from understudy.store.model.gateways import OnLoss

    runs_command, redact = bool(options.get("command")), bool(options.get("redact"))
    listen, project = options["listen"], read_project()
    # Commands without the options of recordings call no upstream before they are switched.
    recorded_project = project if "redact" in options else NO_PROJECT
    host, port = choose_address(listen, options["port"], FREE_PORT if runs_command else DEFAULT_LISTEN)
    _check_options(options)
    return GatewaySettings(
        host=host,
        port=port,
        upstream=_choose_upstream(options["upstream"], recorded_project),
        confdir=locate_ca_folder(),
        name=options["name"],
        on_loss=OnLoss(options.get("on_loss", OnLoss.STOP)),
        rewrite=not options["no_rewrite"],
        rewrite_bodies=options["rewrite_bodies"],
        insecure=options["insecure"],
        upstream_ca=options["upstream_ca"],
        client_cert=options["client_cert"],
        parents=_read_parents(options["parent_proxy"], port),
        replay=read_replay_settings(options),
        seed=options.get("seed"),
        redact=redact,
        body_limits=choose_body_limits(options.get("large_body"), options.get("max_body"), redact=redact),
        forward_elsewhere=runs_command,
        name_overrides=_merge_overrides(project, options["resolve"]),
        shift_dates=not options.get("no_shift_dates", False),
        explain_header=options.get("explain_header", False),
        allow_remote=options.get("allow_remote", False),
        limits=make_gateway_limits(read_limits(options["limits"], project)),
        match_overrides={name: on for name in ("ids", "distance") if (on := options.get(name)) is not None},
        outputs=_open_outputs(options),
    )


def _open_outputs(options: Mapping[str, Any]) -> CallOutputs:
    from understudy.proxy.cli.calls.call_outputs import open_outputs

    return open_outputs(
        quiet=options["quiet"],
        json_log=options["json_log"],
        verbose=options["verbose"],
        keeps_output=bool(options.get("command")),
    )


def _check_options(options: Mapping[str, Any]) -> None:
    from understudy.proxy.pem_files import check_authorities, check_certificate

    if options["no_rewrite"] and options["rewrite_bodies"]:
        raise UserError("give --rewrite-bodies or --no-rewrite, not both")
    if options["upstream_ca"] is not None:
        check_authorities(options["upstream_ca"], field="upstream_ca")
    if options["client_cert"] is not None:
        check_certificate(options["client_cert"], field="client_cert")


def _choose_upstream(text: str | None, project: ProjectFile) -> Origin | None:
    from understudy.proxy.gateway.inputs import parse_upstream

    if text is not None or project.upstream is None:
        return None if text in (None, NO_UPSTREAM) else parse_upstream(text)
    with project.name_key("upstream"):
        return parse_upstream(project.upstream)


def _merge_overrides(project: ProjectFile, texts: Iterable[str]) -> NameOverrides:
    from understudy.proxy.gateway.name_overrides import parse_overrides

    with project.name_key("hosts"):
        of_project = parse_overrides(project.hosts)
    return {**of_project, **parse_overrides(texts)}


def _read_parents(text: str | None, port: int) -> ParentProxies:
    from understudy.proxy.gateway.inputs import parse_parent_proxy, read_parent_proxies
    from understudy.serving.gateway.parent_proxies import NO_PARENTS

    if text is not None:
        return parse_parent_proxy(text, os.environ)
    try:
        return read_parent_proxies(os.environ, port)
    except UserError as error:
        print_line(f"understudy: not used as a parent proxy: {error}", err=True)
        return NO_PARENTS
