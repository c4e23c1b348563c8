"""Commands that run a COMMAND of the user beside a gateway, given behind `--`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import click

from understudy.proxy.cli.command import UnderstudyCommand

if TYPE_CHECKING:
    from understudy.proxy.gateway.child_command import ChildCommand


class WithCommand(UnderstudyCommand):
    """A command whose arguments may end with `-- COMMAND ...`, which it gets as `command`; () without one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments before the first `--`, and keep those behind it as they are; raises Mistake."""
        end = args.index("--") if "--" in args else len(args)
        command, own = tuple(args[end + 1 :]), args[:end]
        try:
            rest = super().parse_args(ctx, list(own))
        except click.NoSuchOption as error:  # perhaps one of a COMMAND
            self._check_dashes(ctx, own, error.option_name)
            raise
        if end < len(args) and not command:
            raise click.UsageError("a command to run has to follow --", ctx)
        ctx.params["command"] = command
        return rest

    def refuse(self, ctx: click.Context, given: list[str], extra: list[str]) -> NoReturn:
        """Raise Mistake for arguments that are left: a COMMAND without `--` before it, or a session to record to."""
        from shutil import which

        from understudy.proxy.cli.mistakes import Mistake, explain_missing_dashes

        if len(extra) == 1 and which(extra[0]) is None:
            super().refuse(ctx, given, extra)
        raise Mistake(explain_missing_dashes(ctx, given, given.index(extra[0])))

    def _check_dashes(self, ctx: click.Context, given: list[str], option: str) -> None:
        """Raise Mistake where a COMMAND begins before an option that this command does not have."""
        end = next((place for place, word in enumerate(given) if word.startswith(option)), 0)
        _, left, _ = self.make_parser(ctx).parse_args(given[:end])
        if left:
            self.refuse(ctx, given, [*left, *given[end:]])

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
