"""The options of programs that serve: `--ready-file`, `--detach` and `--log-file`."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import click

from understudy.proxy.cli.options import Command
from understudy.proxy.cli.starting.readiness import Readiness
from understudy.store.errors import UserError

READINESS = "understudy.readiness"
"""The key of a context's `meta` that holds the readiness of its program."""


def ready_options(command: Command) -> Command:
    """Add the options by which a script waits for a program, and have the program announce that it is ready."""

    @click.option(
        "--ready-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write FILE, JSON with url, host, port and pid, when connections are accepted; remove it at the end.",
    )
    @click.option("--detach", is_flag=True, help="Start in the background: return when connections are accepted.")
    @click.option(
        "--log-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="With --detach: append to FILE what would be printed [default: a new file in your data folder].",
    )
    @click.pass_context
    @functools.wraps(command)
    def prepared(
        ctx: click.Context, /, *, ready_file: Path | None, detach: bool, log_file: Path | None, **options: Any
    ) -> Any:
        _check(options, detach=detach, log_file=log_file)
        readiness = Readiness(ready_file)
        if detach and not readiness.is_awaited:
            from understudy.proxy.cli.starting.detached_start import start_detached

            ctx.exit(start_detached(str(ctx.info_name), log_file))
        readiness.prepare()
        ctx.find_root().meta[READINESS] = readiness
        ctx.call_on_close(readiness.withdraw)
        return command(**options)

    return prepared


def announce_ready(url: str, host: str, port: int, **further: object) -> None:
    """Announce that the program of the current command accepts connections; raises UserError if that cannot be done."""
    ctx = click.get_current_context(silent=True)
    readiness = ctx and ctx.find_root().meta.get(READINESS)
    if readiness:
        readiness.announce(url=url, host=host, port=port, **further)


def _check(options: dict[str, Any], *, detach: bool, log_file: Path | None) -> None:
    if detach and options.get("command"):
        raise UserError("the program ends with its COMMAND; leave --detach out")
    if detach and options.get("json_log") == "-":
        raise UserError("standard output is closed with --detach; give --json-log a FILE")
    if log_file is not None and not detach:
        raise UserError("--log-file goes with --detach")
