"""What a test can do with a process that it started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Start:
    """What a command line starts with; `streams` are the descriptors of standard input, output and error."""

    arguments: tuple[str, ...]
    environment: dict[str, str]
    streams: tuple[int, int, int]
    folder: Path


class Process(Protocol):
    """The part of `subprocess.Popen` that tests use."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal's, or None while the process runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once the process has ended; raises TimeoutExpired when it takes longer."""

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless the process has ended."""

    def terminate(self) -> None:
        """Send SIGTERM."""

    def kill(self) -> None:
        """Send SIGKILL."""
