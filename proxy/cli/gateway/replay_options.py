"""The options of commands that replay a session."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.hints import option_name

if TYPE_CHECKING:
    from understudy.proxy.gateway.replay_settings import ReplaySettings

IGNORE_BODY_HELP = "Do not compare this place in bodies: $.at, a form field, //element of XML."

ignore_host_option = click.option(
    "--ignore-host",
    metavar="GLOB",
    multiple=True,
    help="Do not record this host, and do not count it in a replay: *.example.com",
)

LIST_OPTIONS = (
    click.option("--ignore-query", metavar="NAME", multiple=True, help="Do not compare this query parameter."),
    click.option(
        "--ignore-body", "--ignore-json", "ignore_body", metavar="PLACE", multiple=True, help=IGNORE_BODY_HELP
    ),
    ignore_host_option,
    click.option("--match-header", metavar="NAME|*", multiple=True, help="Compare this header; * is all."),
    click.option("--ignore-header", metavar="NAME", multiple=True, help="Leave this header out of --match-header '*'."),
)

REPLAY_OPTIONS = (
    click.option("--once", is_flag=True, help="Give each recorded answer once; then the request is a miss."),
    click.option("--replay-failures", is_flag=True, help="Also repeat connections that failed or broke off."),
    click.option(
        "--hold",
        type=float,
        metavar="SECONDS",
        help="End what the client gave up when it was recorded after SECONDS [default: when the client leaves].",
    ),
    *LIST_OPTIONS,
    click.option(
        "--miss",
        type=click.Choice(["404", "502", "close"]),
        default="404",
        show_default=True,
        help="The answer to a request that was not recorded: a status, or close the connection.",
    ),
    click.option(
        "--timing",
        metavar="recorded|none|2x",
        default="recorded",
        show_default=True,
        help="The pace of the pieces of a replayed stream.",
    ),
)


def replay_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that replays a session."""
    for option in reversed(REPLAY_OPTIONS):
        command = option(command)
    return command


def list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options about what a replay compares, which can be kept with a session."""
    for option in reversed(LIST_OPTIONS):
        command = option(command)
    return command


def format_lists(lists: Mapping[str, Iterable[str]]) -> str:
    """Return lists of settings as the options that give them, such as "--ignore-query ts"."""
    pairs = [(option_name(name), text) for name, listed in lists.items() for text in listed]
    return shlex.join(word for pair in pairs for word in pair)


def read_replay_settings(options: Mapping[str, Any]) -> ReplaySettings:
    """Return the settings of replays that these options give; raises UserError."""
    from understudy.proxy.gateway.replay_settings import LIST_SETTINGS, SINGLE_SETTINGS, parse_replay_settings
    from understudy.proxy.project_file import read_replay_defaults

    names = (*SINGLE_SETTINGS, *LIST_SETTINGS)
    given = {name: options[name] for name in names if name in options}
    return parse_replay_settings(defaults=read_replay_defaults(), **given)
