"""Where the lines of calls go: people read them on standard error, programs in a file or on standard output."""

from __future__ import annotations

import os
import stat
import sys
from math import inf
from typing import TextIO

from understudy.proxy.call_lines.call_display import CallOutputs
from understudy.proxy.call_lines.call_meter import PER_SECOND
from understudy.proxy.cli.calls.call_text import CallText
from understudy.proxy.cli.terminal_text import shows_styles
from understudy.proxy.settings import STANDARD_OUTPUT
from understudy.store.errors import UserError


def open_outputs(
    *,
    quiet: bool,
    json_log: str | None,
    verbose: bool = False,
    names_mocks: bool = False,
    keeps_output: bool = False,
) -> CallOutputs:
    """Return the outputs that a command asks for.

    `verbose`: all calls have a line, with how their example was found. `names_mocks`: lines name the mock server.
    `keeps_output`: the output belongs to another program, and calls are shown only with `verbose`. Raises UserError if
    the file of the JSON log cannot be written.
    """
    if quiet and verbose:
        raise UserError("give --quiet or --verbose, not both")
    file = None if json_log is None else _open_json(json_log, keeps_output=keeps_output)
    descriptor = _find_descriptor(sys.stderr)
    if descriptor is None:
        return CallOutputs(json=file)
    text = CallText(
        styled=shows_styles(err=True),
        encoding=sys.stderr.encoding or "utf-8",
        names_mocks=names_mocks,
        explains=verbose,
    )
    # A command prints there, too: among its lines, calls are shown only on demand.
    shows_calls = verbose or not (quiet or keeps_output)
    return CallOutputs(descriptor, text, file, shows_calls=shows_calls, per_second=inf if verbose else PER_SECOND)


def _find_descriptor(stream: TextIO | None) -> int | None:
    """Return the file descriptor of a stream; None without one, as where Python code reads the output."""
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError):
        return None


def _open_json(name: str, *, keeps_output: bool) -> int:
    if name == STANDARD_OUTPUT:
        if keeps_output:
            raise UserError("takes a file here: standard output belongs to the command", field="json_log")
        descriptor = _find_descriptor(sys.stdout)
        if descriptor is None:
            raise UserError("takes a file here: standard output cannot be written", field="json_log")
        return descriptor
    try:
        # A named pipe that is opened for writing alone waits for its reader (fifo(7)).
        is_pipe = os.path.exists(name) and stat.S_ISFIFO(os.stat(name).st_mode)
        kind = os.O_RDWR if is_pipe else os.O_WRONLY | os.O_APPEND | os.O_CREAT
        return os.open(name, kind | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UserError(f"cannot write {name}: {error.strerror}", field="json_log") from error
