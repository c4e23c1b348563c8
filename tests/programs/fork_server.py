"""A process that has imported the program once, and forks itself for each command.

An import of everything that a gateway needs takes a second. A forked process starts in a few milliseconds, and is what
a fresh one would be: with the arguments, environment, folder, standard streams and signal handlers that it is given.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import pkgutil
import random
import signal
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import Any

NUMBER = struct.Struct("=i")  # the length of a request, a process id, an exit code
STREAMS = 3
HANDLED = {signal.SIGCHLD, signal.SIGINT}
# Besides the modules of the program: what it imports within functions.
ALSO = ("rich.console", "rich.table", "uvloop", "alembic.command", "alembic.context", "sqlalchemy.dialects.sqlite")
# What runs, starts to migrate or expects another program when it is imported.
EXCEPT = ("understudy.store.migrations", "understudy.proxy.testing", "understudy.proxy.mitmproxy_addon")


def run(control: int) -> None:
    """Import the program, then serve; in each process that is forked, run the command line and end with its code."""
    import_program()
    ForkServer(socket.socket(fileno=control)).serve()
    code = run_command_line()
    # What Python does at the end, but for taking every module apart, which takes longer than most commands.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run_command_line() -> int:
    """Return the exit code of the console script."""
    from understudy.proxy.console import main

    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
            return 1
        return end.code or 0
    except BaseException as error:  # noqa: BLE001 - this is where the process ends
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


def import_program() -> None:
    """Import every module of the program."""
    for module in pkgutil.walk_packages(importlib.import_module("understudy").__path__, "understudy."):
        if not module.name.startswith(EXCEPT):
            importlib.import_module(module.name)
    for name in ALSO:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a fork takes along one thread alone, and the locks of all"
    gc.collect()
    gc.freeze()  # the collector of a forked process has nothing to do with these


class ForkServer:
    """Serves one client, the test process, until that closes its end; then kills what still runs.

    A request is its length and four descriptors (the standard streams, and one for reports), then JSON. The reports are
    the process id, and the exit code once the process has ended.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._reports: dict[int, int] = {}

    def serve(self) -> None:
        """Fork for each request; returns in the forked processes alone."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the test process, and with it this one
        signal.signal(signal.SIGCHLD, self._reap)
        while True:
            head, descriptors, _, _ = socket.recv_fds(self._control, NUMBER.size, STREAMS + 1)
            if not head:
                self._end()
            request = json.loads(self._receive(*NUMBER.unpack(head)))
            *streams, report = descriptors
            if not self._fork(report):
                self._become(request, streams)
                return
            for descriptor in streams:
                os.close(descriptor)

    def _receive(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            data += self._control.recv(size - len(data))
        return bytes(data)

    def _fork(self, report: int) -> int:
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)  # here until its report is known, there until it has handlers
        pid = os.fork()
        if not pid:
            os.close(report)
            return pid
        self._reports[pid] = report
        os.write(report, NUMBER.pack(pid))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        return pid

    def _reap(self, *_: object) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                report = self._reports.pop(ended[0])
                with suppress(BrokenPipeError):  # the test did not wait for it
                    os.write(report, NUMBER.pack(os.waitstatus_to_exitcode(ended[1])))
                os.close(report)

    def _end(self) -> None:
        for pid in list(self._reports):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os._exit(0)

    def _become(self, request: dict[str, Any], streams: list[int]) -> None:
        """Make this process what a fresh one would be."""
        restore_signals()
        self._control.close()
        for report in self._reports.values():
            os.close(report)
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        time.tzset()
        random.seed()
        open_standard_streams()
        sys.argv[1:] = request["arguments"]


def restore_signals() -> None:
    """Give each signal the handler that it has when Python starts."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)


def open_standard_streams() -> None:
    """Open the standard streams anew, as Python does when it starts."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        before = getattr(sys, f"__{name}__")
        raw = open(number, "wb" if number else "rb", closefd=False)  # noqa: SIM115 - the process closes it
        buffered = raw.isatty() or name == "stderr"
        stream = io.TextIOWrapper(raw, before.encoding, before.errors, "\n", line_buffering=buffered)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
