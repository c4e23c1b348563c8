"""Start the same command once more, in the background, and wait until it accepts connections."""

from __future__ import annotations

import json
import os
import select
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from understudy.proxy.cli.starting.readiness import AWAITED
from understudy.proxy.cli.terminal_text import print_line
from understudy.store.errors import UserError

# Without the working folder among the places of modules (-P), as a console script is run.
AGAIN = [sys.executable, "-P", "-c", "from understudy.proxy.console import main; main()"]
STEP_SECONDS = 0.05
MOST_BYTES_SHOWN = 8_192


def start_detached(name: str, log_file: Path | None) -> int:
    """Start this command in a session of its own; print where it listens and return 0, or its error and exit code.

    Raises UserError if its log cannot be written.
    """
    log = log_file or _make_log_file(name)
    begun = _measure(log)
    ready, awaited = os.pipe()
    try:
        with log.open("ab") as output:
            child = subprocess.Popen(  # noqa: S603 - this command itself
                [*AGAIN, *sys.argv[1:]],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[awaited],
                env=os.environ | {AWAITED: str(awaited)},
            )
    except OSError as error:
        raise UserError(f"cannot write {log}: {error.strerror}", field="log_file") from error
    os.close(awaited)
    try:
        facts = _wait_until_ready(child, ready)
    except BaseException:  # Ctrl-C
        child.terminate()
        raise
    if facts is None:
        return _report_failure(child.wait(), log, begun, is_kept=log_file is not None)
    print_line(f"Listening on {facts['url']}, in the background (process {facts['pid']}).")
    print_line(f"Its log is {shlex.quote(str(log))}. Stop it with: kill {facts['pid']}")
    child.returncode = 0  # it goes on; Python would warn of that
    return 0


def _wait_until_ready(child: subprocess.Popen[bytes], ready: int) -> dict[str, Any] | None:
    """Return what the program announces; None if it ends before."""
    line = bytearray()
    while not line.endswith(b"\n"):
        if select.select([ready], [], [], STEP_SECONDS)[0]:
            piece = os.read(ready, 65_536)
            if not piece:
                return None
            line += piece
        elif child.poll() is not None and not select.select([ready], [], [], 0)[0]:
            return None  # a process that it started may hold the pipe open
    facts: dict[str, Any] = json.loads(line)
    return facts


def _report_failure(code: int, log: Path, begun: int, *, is_kept: bool) -> int:
    with log.open("rb") as file:
        file.seek(max(begun, _measure(log) - MOST_BYTES_SHOWN))
        for line in file.read().decode("utf-8", "replace").splitlines():
            print_line(line, err=True)
    if code < 0:
        print_line(f"understudy: signal {-code} ended the program before it accepted connections", err=True)
    if not is_kept:
        log.unlink(missing_ok=True)
    return 128 - code if code < 0 else code


def _make_log_file(name: str) -> Path:
    """Return a new file in the data folder, which only its user can read."""
    from understudy.proxy.settings import locate_data_folder

    folder = locate_data_folder() / "logs"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, file = tempfile.mkstemp(prefix=f"{name}-", suffix=".log", dir=folder)
    except OSError as error:
        raise UserError(f"cannot write a log in {folder}: {error.strerror}", field="log_file") from error
    os.close(descriptor)
    return Path(file)


def _measure(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
