"""Commands that run a COMMAND of the user beside a gateway, given behind `--`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from understudy.proxy.gateway.child_command import ChildCommand


class WithCommand(click.Command):
    """A command whose arguments may end with `-- COMMAND ...`, which it gets as `command`; () without one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments before the first `--`, and keep those behind it as they are."""
        end = args.index("--") if "--" in args else len(args)
        command = tuple(args[end + 1 :])
        rest = super().parse_args(ctx, args[:end])
        if end < len(args) and not command:
            raise click.UsageError("a command to run has to follow --", ctx)
        ctx.params["command"] = command
        return rest

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the pieces of the usage line."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND ...]"]


COMMAND_OPTIONS = (
    click.option(
        "--java-truststore", is_flag=True, help="Make Java programs use and trust the gateway, by JAVA_TOOL_OPTIONS."
    ),
    click.option(
        "--no-env", metavar="NAME", multiple=True, help="Do not change the variable NAME for COMMAND (repeatable)."
    ),
)


def command_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options about the COMMAND."""
    for option in reversed(COMMAND_OPTIONS):
        command = option(command)
    return command


def read_child_command(options: Mapping[str, Any]) -> ChildCommand | None:
    """Return the COMMAND to run, None without one; raises CannotRun if it does not exist."""
    from understudy.proxy.gateway.child_command import ChildCommand
    from understudy.proxy.settings import locate_ca_folder

    if not options.get("command"):
        if options.get("java_truststore"):
            raise click.UsageError("--java-truststore goes with a COMMAND")
        if options.get("no_env"):
            raise click.UsageError("--no-env goes with a COMMAND")
        return None
    unchanged = frozenset(options["no_env"])
    child = ChildCommand(options["command"], locate_ca_folder(), java=options["java_truststore"], unchanged=unchanged)
    child.check()
    return child
