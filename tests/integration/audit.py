"""Runs inside the program under test: tells of every attempt to call somebody, and does not let it happen."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.programs import Understudy

CALLS = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyaddr",
    "socket.gethostbyname",
    "socket.getnameinfo",
    "socket.sendmsg",
    "socket.sendto",
)


class LiveCallError(OSError):
    """Somebody was about to be called."""


def watch(log: str, allowed: str) -> None:
    """Install the hook: each attempt is a line in `log`; it is refused unless the file `allowed` exists."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CALLS and not os.path.exists(allowed):
            os.write(file, f"{event} {arguments[-4:]!r}\n".encode())
            raise LiveCallError(event)

    sys.addaudithook(hook)


@dataclass(frozen=True)
class Audit:
    """The log of a watched program."""

    home: Path

    @property
    def calls(self) -> list[str]:
        """Every attempt so far."""
        return (self.home / "calls").read_text().splitlines()

    def allow(self, *, yes: bool) -> None:
        """Let calls through from now on, or no more."""
        if yes:
            (self.home / "allowed").touch()
        else:
            (self.home / "allowed").unlink()

    def of(self, understudy: Understudy) -> Understudy:
        """The same command line, watched from its first line on."""
        files = f"{str(self.home / 'calls')!r}, {str(self.home / 'allowed')!r}"
        code = f"from tests.integration.audit import watch; watch({files}); "
        return replace(understudy, preamble=code)
