"""Which gateways run on a store: those with a recent heartbeat, and those whose process has the store open.

The clock of a gateway may differ from ours, or jump, and on a full disk a gateway cannot write its heartbeat. So the
kernel is asked too, where there is a /proc and the process may be looked at.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import ColumnElement, func

from understudy.store.model.gateways import HEARTBEAT_TIMEOUT_SECONDS
from understudy.store.sql.database import tables as t

PROCESSES = Path("/proc")
FUNCTION = "gateway_runs"


def add_living_function(connection: sqlite3.Connection, file: Path | None) -> None:
    """Give a connection the SQL function of `build_living_condition`; without a file, heartbeats alone count."""

    def runs(pid: int, heartbeat: float, now: float) -> bool:
        return abs(now - heartbeat) < HEARTBEAT_TIMEOUT_SECONDS or (file is not None and has_open(pid, file))

    connection.create_function(FUNCTION, 3, runs)


def build_living_condition(now: float | None = None) -> ColumnElement[bool]:
    """Return the condition on gateways that they run, by default now; a time is in seconds since the epoch."""
    row = t.GatewayRow
    runs: ColumnElement[int] = getattr(func, FUNCTION)(row.pid, row.heartbeat, time.time() if now is None else now)
    return runs == 1


def has_open(pid: int, file: Path) -> bool:
    """Return whether another process has a file open; False where that cannot be known."""
    if pid == os.getpid():  # in a container that was started again, a process often gets the number of an earlier one
        return False
    with suppress(OSError):  # it has ended, or belongs to another user, or there is no /proc
        status = os.stat(file)
        return any(_is_file(link, status) for link in (PROCESSES / str(pid) / "fd").iterdir())
    return False


def _is_file(link: Path, status: os.stat_result) -> bool:
    with suppress(OSError):  # it was closed just now
        return os.path.samestat(os.stat(link), status)
    return False
