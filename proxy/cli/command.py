"""The class of all commands, and that of arguments which name a thing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NoReturn

import click

FEW_OPTIONS = 12
"""A command with more options has them in groups, with headings."""


class NameArgument(click.Argument):
    """An argument that names a thing, which `option` (or its letter `short`) names too; see `naming_options`."""

    def __init__(self, *given: Any, option: str, short: str | None = None, **named: Any) -> None:
        super().__init__(*given, **named)
        self.option = option
        self.short = short

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Let the parser read the argument, unless the option has its place and others follow."""
        if self.name not in ctx.meta.get(LEFT_OUT, ()):
            super().add_to_parser(parser, ctx)

    def is_given_as_option(self, args: Sequence[str]) -> bool:
        """Return whether the arguments of a command have the option."""
        starts = (f"{self.option}=", *([self.short] if self.short else []))
        return any(each == self.option or each.startswith(starts) for each in args)


LEFT_OUT = "understudy.left_out"
"""The key in `Context.meta` for the names of arguments that are given as options."""


def complete_names(ctx: click.Context, params: list[click.Parameter]) -> list[click.Parameter]:
    """Return parameters, which in completion (a context that is resilient) complete to the names in the store."""
    if ctx.resilient_parsing:
        from understudy.proxy.cli.completion.parameters import complete

        for param in params:
            setattr(param, "shell_complete", partial(complete, param))  # noqa: B010 - a method to mypy
    return params


class UnderstudyCommand(click.Command):
    """A command that refuses arguments that it does not take in one line, and shows many options in groups."""

    allow_extra_args = True  # they are refused here

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; raises Mistake for those that are left."""
        given = list(args)
        ctx.meta[LEFT_OUT] = frozenset(self._list_left_out(given))
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        if rest and not ctx.resilient_parsing:
            self.refuse(ctx, given, rest)
        return rest

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters; in completion they complete to the names in the store."""
        return complete_names(ctx, super().get_params(ctx))

    def refuse(self, ctx: click.Context, given: list[str], extra: list[str]) -> NoReturn:
        """Raise Mistake for arguments that are left."""
        from understudy.proxy.cli.mistakes import Mistake, explain_extra_arguments

        raise Mistake(explain_extra_arguments(ctx, given, extra))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options: many of them in groups."""
        from understudy.proxy.cli.option_groups import group_options

        own = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        options = [(param.name or "", record) for param in own if (record := param.get_help_record(ctx))]
        if len(options) <= FEW_OPTIONS:
            super().format_options(ctx, formatter)
            return
        for heading, records in group_options(options):
            with formatter.section(heading):
                formatter.write_dl(records)

    def _list_left_out(self, given: list[str]) -> Iterator[str]:
        arguments = [param for param in self.params if isinstance(param, click.Argument)]
        if len(arguments) > 1:
            names = (one for one in arguments if isinstance(one, NameArgument) and one.is_given_as_option(given))
            yield from (one.name or "" for one in names)
