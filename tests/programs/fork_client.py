"""Commands in processes that a fork server forks: one server in each test process, started with the first command."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

from tests.programs.fork_server import NUMBER
from tests.programs.process import Start

ROOT = Path(__file__).parents[2]
SERVER = "from tests.programs.fork_server import run; run({control})"
# What Python and the libraries read from their environment once, when they are imported.
READ_AT_START = ("PYTHON", "LC_", "LANG", "SSLKEYLOGFILE", "MITMPROXY_")


def can_fork(start: Start) -> bool:
    """Whether a process that is forked would be as one that is started with this environment."""
    return _read_at_start(start.environment) == server().environment


def _read_at_start(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(READ_AT_START)}


@cache
def server() -> ForkClient:
    """Return the fork server of this process."""
    return ForkClient()


class ForkClient:
    """A fork server, from the outside."""

    def __init__(self) -> None:
        self.environment = _read_at_start(dict(os.environ))
        self._lock = threading.Lock()
        self._control, other = socket.socketpair()
        with other:
            code = SERVER.format(control=other.fileno())
            # It ends by itself when this process closes its end of the connection, however it ends.
            self._process = subprocess.Popen(
                [sys.executable, "-c", code], cwd=ROOT, pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip

    def fork(self, start: Start) -> ForkedProcess:
        """Start a process."""
        request = json.dumps(
            {"arguments": start.arguments, "environment": start.environment, "folder": str(start.folder)}
        ).encode()
        reports, report = os.pipe()
        with self._lock:
            socket.send_fds(self._control, [NUMBER.pack(len(request))], [*start.streams, report])
            self._control.sendall(request)
        os.close(report)
        return ForkedProcess(reports)


class ForkedProcess:
    """A process that a fork server started and watches."""

    returncode: int | None = None

    def __init__(self, reports: int) -> None:
        self._reports = reports
        self._lock = threading.Lock()
        self.pid = self._read_number()

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal's, or None while the process runs."""
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once the process has ended; raises TimeoutExpired when it takes longer."""
        if self.returncode is None and not _is_readable(self._reports, timeout):
            raise subprocess.TimeoutExpired("understudy", timeout or 0)
        with self._lock:
            if self.returncode is None:
                self.returncode = self._read_number()
                os.close(self._reports)
            return self.returncode

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _read_number(self) -> int:
        data = os.read(self._reports, NUMBER.size)
        assert data, "the fork server has ended"
        return int(NUMBER.unpack(data)[0])


def _is_readable(descriptor: int, timeout: float | None) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if timeout is None else timeout * 1000))
