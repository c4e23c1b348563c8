"""The names in a store, for completion: read at once, without what commands import, and without any error.

A store that cannot be read, or is not there, has no names; nothing is created or upgraded.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

TIMEOUT_SECONDS = 0.2
MOST_NAMES = 1_000

QUERIES = {
    "session": "select name from sessions where substr(name, 1, length(:begin)) = :begin order by id desc",
    "collection": "select name from collections where substr(name, 1, length(:begin)) = :begin order by name",
    "mock server": "select name from mock_servers where substr(name, 1, length(:begin)) = :begin order by name",
    "environment": "select name from environments where substr(name, 1, length(:begin)) = :begin order by name",
    "gateway": "select name from gateways where substr(name, 1, length(:begin)) = :begin order by name",
    "key": "select name from api_keys where substr(name, 1, length(:begin)) = :begin order by name",
    "server error": "select distinct name from server_errors where substr(name, 1, length(:begin)) = :begin",
    "example": "select distinct name from examples where substr(name, 1, length(:begin)) = :begin order by name",
}


def list_names(store: str | None, kinds: Sequence[str], begin: str) -> list[str]:
    """Return the names of these kinds that begin so, in the store that an option names, else the default one."""
    names: dict[str, None] = {}
    with suppress(Exception), closing(_connect(_locate(store))) as connection:
        for kind in kinds:
            rows = connection.execute(f"{QUERIES[kind]} limit {MOST_NAMES}", {"begin": begin})
            names |= dict.fromkeys(name for (name,) in rows if name.isprintable())
    return list(names)


def _locate(store: str | None) -> Path:
    from understudy.proxy.settings import locate_data_folder, read_store_setting

    named = read_store_setting(store)
    if named is None:
        return locate_data_folder() / "understudy.db"
    return Path(os.path.expanduser(named.partition(":///")[2] if "://" in named else named))


def _connect(file: Path) -> sqlite3.Connection:
    url = f"file:{quote(str(file.absolute()))}?mode=ro"
    return sqlite3.connect(url, uri=True, timeout=TIMEOUT_SECONDS)
