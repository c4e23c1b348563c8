"""A terminal of our own (a pseudo-terminal), on which a command prints what it would print for people."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import struct
import termios
import threading

from tests.programs.process import Process
from tests.programs.understudy import COMMAND_SECONDS, Understudy

ROWS = 50


def run_on_terminal(
    understudy: Understudy, *arguments: object, columns: int = 80, code: int = 0, typed: str = "", **environment: str
) -> str:
    """What a command shows on a terminal of this width, with lines as it wrote them; asserts its exit code.

    What is `typed` is shown, too.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    os.write(master, typed.encode())
    try:
        process = understudy.start(
            *arguments, streams=(slave, slave, slave), **{"COLUMNS": "", "TERM": "xterm-256color", **environment}
        )
    finally:
        os.close(slave)
    shown = _read_all(process, master)
    done = process.wait(COMMAND_SECONDS)
    assert done == code, f"exit {done}: {shown}"
    return shown


def _read_all(process: Process, master: int) -> str:
    """Read until all programs have closed the terminal; it adds a CR to each line end."""
    watchdog = threading.Timer(COMMAND_SECONDS, process.kill)
    watchdog.start()
    pieces = []
    try:
        while piece := _read(master):
            pieces.append(piece)
    finally:
        watchdog.cancel()
        os.close(master)
    return b"".join(pieces).decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError as error:
        if error.errno != errno.EIO:  # Linux reports a closed terminal so
            raise
        return b""
