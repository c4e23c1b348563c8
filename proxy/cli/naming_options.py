"""Arguments that name a thing, each with an option that does the same: `sessions show shop` and `--session shop`."""

from __future__ import annotations

import functools
from typing import Any

import click

from understudy.proxy.cli.command import NameArgument
from understudy.proxy.cli.options import Command, choose_name


class NameOption:
    """A decorator that gives a command an argument, and an option that names the same thing.

    The command gets one text. The command line may have both if they are equal. Where further arguments follow, they
    come first if the option is given: `examples add --collection shop 'GET /a'`.
    """

    def __init__(self, option: str, argument: str = "name", metavar: str = "NAME", short: str | None = None) -> None:
        self._option = option
        self._argument = argument
        self._metavar = metavar
        self._short = short

    def __call__(self, command: Command) -> Command:
        """Return the command with argument and option."""
        argument, given_name = self._argument, f"{self._argument}_given"

        @click.argument(
            argument, cls=NameArgument, metavar=self._metavar, required=False, option=self._option, short=self._short
        )
        @click.option(
            *filter(None, (self._short, self._option)), given_name, metavar="NAME", help=f"The same as {self._metavar}."
        )
        @functools.wraps(command)
        def call(*before: Any, **given: Any) -> Any:
            text = choose_name(given.pop(argument), given.pop(given_name), self._option)
            if text is None:
                ctx = click.get_current_context()
                param = next(one for one in ctx.command.params if one.name == argument)
                raise click.MissingParameter(ctx=ctx, param=param)
            return command(*before, **{argument: text}, **given)

        return call


def session_name(argument: str = "name", metavar: str = "NAME") -> NameOption:
    """Return the decorator for the name of a session."""
    return NameOption("--session", argument, metavar, "-s")


def mock_name(argument: str = "name", metavar: str = "NAME") -> NameOption:
    """Return the decorator for the name of a mock server."""
    return NameOption("--mock", argument, metavar)


def collection_name(argument: str = "name", metavar: str = "NAME") -> NameOption:
    """Return the decorator for the name of a collection."""
    return NameOption("--collection", argument, metavar, "-c")


def environment_name() -> NameOption:
    """Return the decorator for the name of an environment."""
    return NameOption("--environment")


def key_name() -> NameOption:
    """Return the decorator for the name of a key."""
    return NameOption("--key")


def example_name() -> NameOption:
    """Return the decorator for an example."""
    return NameOption("--example", "example", "EXAMPLE")


def error_name() -> NameOption:
    """Return the decorator for a server error."""
    return NameOption("--error", "error", "ERROR")
