"""Programs that serve until they are stopped."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path

from tests.programs.process import Process
from tests.programs.waiting import PATIENCE_SECONDS

LISTENING = re.compile(r"Listening on https?://(\[?[^\s]+\]?:\d+)")


class Serving:
    """A gateway or mock server in a process of its own, which prints where it listens."""

    def __init__(self, process: Process, listen: str, output: Path) -> None:
        self.process = process
        self.listen = listen
        self.output = output

    @classmethod
    def wait_until_listening(cls, process: Process, output: Path) -> Serving:
        """Return the program once it listens; fails the test when it ends or takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            ended = process.poll()  # before its output is read: what it printed last is in there
            found = LISTENING.search(output.read_text())
            if found:
                return cls(process, found[1], output)
            if ended is not None:
                raise AssertionError(f"the gateway ended with {ended}: {output.read_text()}")
            time.sleep(0.02)
        process.kill()
        raise AssertionError(f"the gateway did not start: {output.read_text()}")

    @property
    def url(self) -> str:
        return f"http://{self.listen}"

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @property
    def log(self) -> str:
        return self.output.read_text()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and wait for the end; returns the exit code. Kills what does not end, and fails the test."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the gateway did not end: {self.log}") from None
