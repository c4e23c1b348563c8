"""The class of all commands."""

from __future__ import annotations

from typing import NoReturn

import click


class UnderstudyCommand(click.Command):
    """A command that refuses arguments that it does not take in one line."""

    allow_extra_args = True  # they are refused here

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; raises Mistake for those that are left."""
        given = list(args)
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        if rest and not ctx.resilient_parsing:
            self.refuse(ctx, given, rest)
        return rest

    def refuse(self, ctx: click.Context, given: list[str], extra: list[str]) -> NoReturn:
        """Raise Mistake for arguments that are left."""
        from understudy.proxy.cli.mistakes import Mistake, explain_extra_arguments

        raise Mistake(explain_extra_arguments(ctx, given, extra))
