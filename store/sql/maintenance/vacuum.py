"""SQLite's VACUUM: it writes the whole file anew, without free pages and with pages of the size of a new store."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import suppress

from understudy.store.errors import StoreError
from understudy.store.sql.database.engine import PAGE_BYTES, Database, get_driver_connection
from understudy.store.sql.database.exclusive import open_exclusively

REASON = "gives space back only while no other program uses it"


def vacuum_database(database: Database) -> None:
    """Write the file of a database anew; raise StoreError if others use it, or without the space on the disk."""
    with open_exclusively(database, REASON) as connection:
        driver = get_driver_connection(connection)
        try:
            if database.is_file:
                _vacuum_file(driver)
            else:
                driver.execute("vacuum")
        except sqlite3.OperationalError as error:
            if not _is_disk_full(database, str(error)):
                raise
            line = (
                f"no space left on the disk: while the store {database.location} gives space back, it needs up to twice"
                " its size; nothing was changed"
            )
            raise StoreError(line, what="store", which=database.location) from error


def _is_disk_full(database: Database, reason: str) -> bool:
    """Whether an error is for lack of space; SQLite may say so of a damaged file, too."""
    if "I/O" in reason:
        return True
    free = min(shutil.disk_usage(folder).free for folder in (tempfile.gettempdir(), _find_folder(database)))
    return "full" in reason and (not database.is_file or free < 2 * os.stat(str(database.url.database)).st_size)


def _find_folder(database: Database) -> str:
    return os.path.dirname(os.path.abspath(str(database.url.database))) if database.is_file else tempfile.gettempdir()


def _vacuum_file(driver: sqlite3.Connection) -> None:
    # With a write-ahead log, VACUUM would leave the size of the pages as it is.
    driver.execute("pragma journal_mode = delete").fetchone()
    try:
        driver.execute(f"pragma page_size = {PAGE_BYTES}")
        driver.execute("pragma temp_store = file")  # it holds the whole store
        driver.execute("pragma synchronous = full")  # without a write-ahead log, a power cut is not safe otherwise
        driver.execute("vacuum")
    finally:
        with suppress(sqlite3.Error):  # on a full disk; the next program that opens the store does it
            driver.execute("pragma journal_mode = wal").fetchone()
