"""Commands of ours that run another one beside them: what stands behind `--`, and how it is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from understudy.proxy.gateway.child_command import ChildCommand

FREE_PORT = "127.0.0.1:0"


class WithCommand(click.Command):
    """A command whose arguments may end with `-- COMMAND ...`, which it gets as `command`, () if there is none."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take what stands behind the first `--` apart, whatever it looks like."""
        at = args.index("--") if "--" in args else len(args)
        command = tuple(args[at + 1 :])
        rest = super().parse_args(ctx, args[:at])
        if at < len(args) and not command:
            raise click.UsageError("a command to run has to follow --", ctx)
        ctx.params["command"] = command
        return rest

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The pieces of the usage line."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND ...]"]


def command_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of what may run a command."""
    return click.option(
        "--java-truststore", is_flag=True, help="Have Java programs use the gateway and trust it, by JAVA_TOOL_OPTIONS."
    )(command)


def child_of(options: Mapping[str, Any]) -> ChildCommand | None:
    """The command to run, if there is one; raises CannotRun when there is no such command."""
    from understudy.proxy.gateway.child_command import ChildCommand
    from understudy.proxy.settings import locate_ca_folder

    if not options.get("command"):
        if options.get("java_truststore"):
            raise click.UsageError("--java-truststore goes with a COMMAND")
        return None
    child = ChildCommand(options["command"], locate_ca_folder(), java=options["java_truststore"])
    child.check()
    return child
