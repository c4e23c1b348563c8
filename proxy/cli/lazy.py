"""Groups that import a command when it is called, so that no command waits for the imports of others."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from understudy.proxy.cli.command import UnderstudyCommand, complete_names


class LazyGroup(click.Group):
    """A group with commands here and in other modules; `elsewhere` maps the name of each of these to `module:name`."""

    command_class = UnderstudyCommand

    def __init__(self, *given: Any, elsewhere: Mapping[str, str] | None = None, **named: Any) -> None:
        super().__init__(*given, **named)
        self._elsewhere = elsewhere or {}

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters; in completion they complete to the names in the store."""
        return complete_names(ctx, super().get_params(ctx))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted({*super().list_commands(ctx), *self._elsewhere})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported if it is in another module."""
        place = self._elsewhere.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = place.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names; raises Mistake that suggests others."""
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and self.get_command(ctx, name) is None:
            from understudy.proxy.cli.mistakes import Mistake, explain_unknown_command

            raise Mistake(explain_unknown_command(ctx, self, name))
        return super().resolve_command(ctx, args)
