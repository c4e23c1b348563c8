"""Runs inside the program under test: logs and forbids every outgoing call, or resolves a name."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.programs import Understudy
from understudy.store.model.values import replace

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


def resolve(name: str) -> None:
    """Make this name mean the loopback within this process; elsewhere it goes on to mean nothing."""
    look_up = socket.getaddrinfo

    def patched(host: Any, *arguments: Any, **options: Any) -> Any:
        return look_up("127.0.0.1" if host == name else host, *arguments, **options)

    socket.getaddrinfo = patched


def resolving(understudy: Understudy, name: str) -> Understudy:
    """The same command line, for which this name means the loopback."""
    return replace(understudy, preamble=f"from tests.integration.audit import resolve; resolve({name!r}); ")


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
