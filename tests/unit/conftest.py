"""Unit tests use no disk, network, process or sleep: a test that does fails, and names what it used."""

from __future__ import annotations

import os
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Sources, golden files and libraries may be read: a test is as quick and as repeatable with them.
LIBRARIES = [Path(sysconfig.get_path(name)).parent for name in ("stdlib", "purelib", "platlib")]
READABLE = (str(ROOT), "/usr/share/zoneinfo", *map(str, LIBRARIES))
# What Python and hypothesis keep for the next run, and files in memory, by their descriptors.
WRITABLE = ("/__pycache__/", "/.hypothesis", "/proc", *(["/tests/golden/"] if os.environ.get("UPDATE_GOLDEN") else []))
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FILES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "tempfile.mkdtemp", "tempfile.mkstemp"}
FORBIDDEN = {
    "os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.system", "subprocess.Popen",
    "socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto",
}  # fmt: skip


class Guard:
    """Keeps what the running test used and may not use."""

    def __init__(self) -> None:
        self.is_on = False
        self.used: list[str] = []

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        """Take an event of `sys.addaudithook`."""
        if self.is_on and not _is_allowed(event, arguments):
            self.used.append(f"{event} {arguments!r:.200}")


def _is_allowed(event: str, arguments: tuple[object, ...]) -> bool:
    if event == "open":
        return _may_open(*arguments)
    if event == "sqlite3.connect":
        return arguments[0] in (":memory:", b":memory:")
    if event in FILES:
        return _may_write(arguments[0])
    return event not in FORBIDDEN


def _may_open(path: object, _: object = None, flags: object = 0) -> bool:
    if _may_write(path):
        return True
    is_written = isinstance(flags, int) and flags & WRITES
    return not is_written and _full_name(path).startswith(READABLE)


def _may_write(path: object) -> bool:
    return isinstance(path, int) or any(part in _full_name(path) for part in WRITABLE)


def _full_name(path: object) -> str:
    return os.path.abspath(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else ""


GUARD = Guard()
sys.addaudithook(GUARD.audit)


sleep = time.sleep


def _sleep(seconds: float) -> None:
    GUARD.used.append(f"time.sleep {seconds}")
    sleep(seconds)


@pytest.fixture(autouse=True)
def _guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(time, "sleep", _sleep)  # an audit event from Python 3.13 on
    GUARD.used.clear()
    GUARD.is_on = True
    yield
    GUARD.is_on = False
    assert not GUARD.used, f"a unit test used what it may not: {GUARD.used}"
