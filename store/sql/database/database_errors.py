"""Errors of SQLite as errors of the store, each in one line that names the store."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

from understudy.store.errors import Hint, SchemaMismatch, StoreError

# SQLite reports a disk without room for the index of the log (32 KB) as one that cannot be read.
LEAST_FREE_BYTES = 64 * 1024
_SIGNS_OF_DAMAGE = ("malformed", "vtable constructor failed", "Could not decode to UTF-8")


def to_store_error(reason: str, location: str, busy_timeout_ms: int) -> StoreError:
    """Return the error for a message of the driver; a locked database was waited for so long."""
    if "not a database" in reason:
        line = f"{location} is not an Understudy store"
        return SchemaMismatch(line, what="store", which=location, hint=Hint("choose_store"))
    if "readonly" in reason:
        line = f"the store {location} is read-only"
        return StoreError(line, what="store", which=location, hint=Hint("make_writable"))
    lines = {
        "unable to open": f"cannot open the store {location}; does the folder exist and may you write to it?",
        "disk is full": f"no space left on the disk of the store {location}",
        "disk I/O error": _describe_io_error(location),
        "locked": f"the store {location} was locked by another program for {busy_timeout_ms // 1000} s",
        **dict.fromkeys(_SIGNS_OF_DAMAGE, f"the store {location} is damaged; try: sqlite3 {location} .recover"),
    }
    line = next((line for part, line in lines.items() if part in reason), f"store {location}: {reason}")
    return StoreError(line, what="store", which=location)


def _describe_io_error(location: str) -> str:
    with suppress(OSError):
        if shutil.disk_usage(os.path.dirname(location) or ".").free < LEAST_FREE_BYTES:
            return f"no space left on the disk of the store {location}"
    return f"the disk of the store {location} cannot be read or written: it is full, read-only or broken"
