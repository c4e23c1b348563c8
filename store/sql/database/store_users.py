"""The programs that have a store open, by name: an upgrade needs the store for itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from understudy.store.model.naming import SHOWN_NAMES
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.living_gateways import PROCESSES, build_living_condition

# The bytes that SQLite locks for writing while a connection has a file for itself (sqlite3.c, SHARED_FIRST).
EXCLUSIVE_BYTES = [str(0x40000002), str(0x40000002 + 509)]


def list_gateways(connection: Connection) -> dict[int, str]:
    """Return the gateways on a store that run, by the ids of their processes; the store may be an old one."""
    with suppress(DBAPIError):
        row = t.GatewayRow
        query = select(row.pid, row.name).where(build_living_condition()).order_by(row.name)
        return {pid: f"the gateway {name}" for pid, name in connection.execute(query)}
    return {}


def describe_users(file: Path, gateways: Mapping[int, str]) -> str:
    """Return the names of the gateways and of the other processes that have a file open."""
    others = {pid: command for pid, command in _list_processes(file) if pid not in gateways}
    described = [f"{name} (process {pid})" for pid, name in gateways.items()]
    described += [_describe_process(pid, command) for pid, command in others.items()]
    shown = described[:SHOWN_NAMES] + (["..."] if len(described) > SHOWN_NAMES else [])
    return ", ".join(shown) or "the other program"


def find_exclusive_user(file: Path) -> str | None:
    """Return the name of the other process that has a file for itself; None if there is none, or no /proc."""
    lockers = set(_list_exclusive_lockers(file))
    found = (_describe_process(pid, command) for pid, command in _list_processes(file) if pid in lockers)
    return next(found, None)


def _list_exclusive_lockers(file: Path) -> Iterator[int]:
    """Yield the processes that /proc/locks lists for a file with this number (proc_locks(5))."""
    with suppress(OSError):
        number = str(file.stat().st_ino)
        for line in (PROCESSES / "locks").read_text().splitlines():
            words = line.split()[1:]
            if words[2:3] == ["WRITE"] and words[4].rpartition(":")[2] == number and words[5:] == EXCLUSIVE_BYTES:
                yield int(words[3])


def _list_processes(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the ids and commands of the other processes that have a file open; none where there is no /proc."""
    target = str(file.resolve())
    for folder in sorted(PROCESSES.glob("[0-9]*")):
        with suppress(OSError):  # it has ended, or belongs to another user
            is_own = int(folder.name) == os.getpid()
            if not is_own and any(os.readlink(link) == target for link in (folder / "fd").iterdir()):
                yield int(folder.name), _describe_command((folder / "cmdline").read_bytes())


def _describe_process(pid: int, command: str) -> str:
    return f"`{command}` (process {pid})"


def _describe_command(command_line: bytes) -> str:
    """Return a command up to its first option, whose values may be secrets."""
    words = command_line.decode("utf-8", "replace").strip("\0").split("\0")
    start = next((number for number, word in enumerate(words) if "understudy" in Path(word).name), 0)
    shown = [Path(words[start]).name]
    for word in words[start + 1 :]:
        if word.startswith("-"):
            break
        shown.append(word)
    return " ".join(word if word.isprintable() else repr(word) for word in shown)
