"""The command line. Every command is registered here; each noun has a file of its own."""

from __future__ import annotations

from typing import Any, NoReturn

import click

from proxy.cli import (
    add_examples,
    ca,
    collections,
    create_mocks,
    environments,
    examples,
    history,
    keys,
    match,
    mock_calls,
    mock_errors,
    mocks,
    mode,
    promote,
    redaction,
    send,
    serve,
    serve_mocks,
    sessions,
    verify_mocks,
)
from store.errors import UnderstudyError


class Commands(click.Group):
    """A group that shows our errors as one line and ends with their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except UnderstudyError as error:
            _fail(ctx, str(error), error.exit_code)
        except UnicodeError as error:  # arguments and terminals may hold what no text is
            _fail(ctx, f"a text cannot be written in the encoding that is wanted: {error}")


def _fail(ctx: click.Context, told: str, exit_code: int = 2) -> NoReturn:
    from store.redaction import BUILT_IN

    click.echo(f"Error: {BUILT_IN.text(told)}", err=True)
    ctx.exit(exit_code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="understudy")
@click.option("--store", metavar="URL", help="The store: a file or database URL [default: a file in your data folder].")
@click.pass_context
def main(ctx: click.Context, store: str | None) -> None:
    """Understudy learns an API's part by watching it, then goes on in its place.

    \b
    understudy record --upstream https://api.example.com --session shop
    understudy promote --session shop --to shop
    understudy mock shop
    """
    ctx.obj = store


for command in (
    serve.record,
    serve.replay,
    serve.mock,
    serve.gateway,
    mode.mode,
    sessions.sessions,
    history.history,
    promote.promote,
    redaction.redaction,
    collections.collections,
    examples.examples,
    environments.environments,
    match.match,
    match.addon_path,
    mocks.mocks,
    keys.keys,
    send.send,
    ca.ca,
):
    main.add_command(command)
examples.examples.add_command(add_examples.add)
for command in (create_mocks.create, mock_errors.errors, mock_calls.logs, serve_mocks.serve, verify_mocks.verify):
    mocks.mocks.add_command(command)
