"""The command line: every command is registered here, and imported when it is called."""

from __future__ import annotations

import errno
import signal
from typing import Any, NoReturn

import click

from understudy.proxy.cli.hints import render_error
from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.signals import Interrupted, exit_by_signal
from understudy.store.errors import UnderstudyError

COMMANDS = {
    "record": "understudy.proxy.cli.gateway.serve:record",
    "replay": "understudy.proxy.cli.gateway.serve:replay",
    "mock": "understudy.proxy.cli.gateway.serve:mock",
    "gateway": "understudy.proxy.cli.gateway.serve:gateway",
    "mode": "understudy.proxy.cli.gateway.mode:mode",
    "sessions": "understudy.proxy.cli.recordings.sessions:sessions",
    "history": "understudy.proxy.cli.recordings.history:history",
    "promote": "understudy.proxy.cli.recordings.promote:promote",
    "redaction": "understudy.proxy.cli.recordings.redaction:redaction",
    "collections": "understudy.proxy.cli.collections.commands:collections",
    "examples": "understudy.proxy.cli.collections.examples:examples",
    "environments": "understudy.proxy.cli.collections.environments:environments",
    "match": "understudy.proxy.cli.collections.match:match",
    "addon-path": "understudy.proxy.cli.collections.match:addon_path",
    "mocks": "understudy.proxy.cli.mock_servers.commands:mocks",
    "keys": "understudy.proxy.cli.mock_servers.keys:keys",
    "send": "understudy.proxy.cli.collections.send:send",
    "store": "understudy.proxy.cli.store.commands:store",
    "undo": "understudy.proxy.cli.trash.undo:undo",
    "ca": "understudy.proxy.cli.gateway.ca:ca",
    "completion": "understudy.proxy.cli.completion.command:completion",
}


CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 120}

# Help in the place of an error: a group without a command, in versions of click from 8.2 on.
NO_ARGUMENTS = getattr(click.exceptions, "NoArgsIsHelpError", ())


class Commands(LazyGroup):
    """The group of all commands: it prints our errors as one line and ends with their exit code."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write which project file applies, where help is verbose."""
        super().format_epilog(ctx, formatter)
        if ctx.params.get("verbose"):
            from understudy.proxy.project_file import FILE_NAME, find_project_file

            path = find_project_file()
            formatter.write_paragraph()
            formatter.write(f"Project file: {path or f'no {FILE_NAME} in this folder or above it'}\n")

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the options before the command; raises Mistake."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            if isinstance(error, NO_ARGUMENTS):
                raise
            from understudy.proxy.cli.mistakes import Mistake, explain

            raise Mistake(explain(error)) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            # Ctrl-C raises KeyboardInterrupt, so that what has begun is undone or finished.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            exit_by_signal(signal.SIGINT)
        except Interrupted as interrupted:
            exit_by_signal(interrupted.number)
        except UnderstudyError as error:
            _fail(ctx, render_error(error), error.exit_code)
        except click.ClickException as error:
            if isinstance(error, NO_ARGUMENTS):
                raise
            from understudy.proxy.cli.mistakes import explain

            message = explain(error) if isinstance(error, click.UsageError) else error.format_message()
            _fail(ctx, message, error.exit_code)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            _fail(ctx, "the output cannot be written: no space is left on its disk")
        except UnicodeError as error:  # arguments may hold bytes that are not text, and terminals lack characters
            _fail(ctx, f"a text cannot be written in the encoding of the output: {error}")


def _fail(ctx: click.Context, message: str, exit_code: int = 2) -> NoReturn:
    from understudy.proxy.cli.terminal_text import print_line
    from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

    print_line(f"Error: {BUILT_IN_REDACTOR.redact_text(message)}", err=True)
    ctx.exit(exit_code)


@click.group(cls=Commands, elsewhere=COMMANDS, context_settings=CONTEXT_SETTINGS)
@click.version_option(package_name="understudy")
@click.option("--store", metavar="URL", help="The store: a file or database URL [default: a file in your data folder].")
@click.option(
    "-v", "--verbose", is_flag=True, is_eager=True, help="Before --help: show which understudy.toml applies, too."
)
@click.pass_context
def main(ctx: click.Context, store: str | None, verbose: bool) -> None:
    """Record the traffic of an API, turn it into examples, and answer from them in the API's place.

    \b
    understudy record --upstream https://api.example.com --session shop
    understudy promote --session shop --to shop
    understudy mock shop
    """
    del verbose  # it is for help alone
    ctx.obj = store
