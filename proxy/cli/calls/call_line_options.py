"""The options of commands that show each call."""

from __future__ import annotations

import click

from understudy.proxy.cli.options import Command
from understudy.proxy.settings import STANDARD_OUTPUT

CALL_LINE_OPTIONS = (
    click.option("-q", "--quiet", is_flag=True, help="Show no line for each call."),
    click.option(
        "--json-log",
        metavar="FILE",
        help=f"Write each call to FILE as a line of JSON; {STANDARD_OUTPUT} is standard output.",
    ),
)


def call_line_options(command: Command) -> Command:
    """Add the options of call lines."""
    for option in reversed(CALL_LINE_OPTIONS):
        command = option(command)
    return command
