"""The exchanges in the store of a gateway, which have to be all that were delivered."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bench.programs import store_file


def count_exchanges(place: Path) -> int:
    """Return the number of exchanges in the store of the gateway in this folder."""
    with closing(sqlite3.connect(store_file(place))) as connection:
        return int(connection.execute("select count(*) from exchanges").fetchone()[0])


def check_recorded(place: Path, delivered: int) -> None:
    """Raise RuntimeError if fewer exchanges are stored than were delivered."""
    recorded = count_exchanges(place)
    if recorded < delivered:
        raise RuntimeError(f"{delivered} responses were delivered, but only {recorded} are in history")


def measure_store(place: Path) -> int:
    """Move all changes of a store that is not in use to its main file; return the size of its files in bytes."""
    with closing(sqlite3.connect(store_file(place))) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    return sum(file.stat().st_size for file in place.glob(f"{store_file(place).name}*"))
