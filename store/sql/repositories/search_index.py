"""The full-text index of history in SQLite (FTS5), built when a search needs it: recording never waits for it.

It is no data but an index: it is deleted with exchanges (`store.sql.deletion`), and built again by the next search.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from understudy.store.errors import NotFound
from understudy.store.model.exchanges import Exchange
from understudy.store.model.messages import Body
from understudy.store.progress import ReportProgress
from understudy.store.searchable_text import extract_text, split_search
from understudy.store.sql.database.engine import Database
from understudy.store.write_pieces import PieceSize

if TYPE_CHECKING:
    from understudy.store.promotion import ReadStoredBody

# The text itself is not stored a second time.
_CREATE = text(
    "create virtual table if not exists history_search using fts5("
    "url, headers, bodies, content='', tokenize='unicode61 remove_diacritics 2')"
)
_EXISTS = text("select 1 from sqlite_master where name = 'history_search'")
_LAST = text("select coalesce(max(id), 0) from history_search_docsize")
_LEFT = text("select count(*) from exchanges where id > :last")
_INSERT = text("insert into history_search (rowid, url, headers, bodies) values (:id, :url, :headers, :bodies)")
MATCHES = text("exchanges.id in (select rowid from history_search where history_search match :search)")

ReadAfter = Callable[[int, int], Sequence[Exchange]]
"""Takes an id and a number; returns the next exchanges, by id."""


class SearchIndex:
    """The index of one database; `read_after` reads exchanges, `read` reads bodies."""

    def __init__(self, database: Database, read_after: ReadAfter, read: ReadStoredBody) -> None:
        self._database = database
        self._read_after = read_after
        self._read = read

    def update(self, report: ReportProgress) -> None:
        """Add what is not in the index yet, in small transactions; `report` takes the numbers of added and of all."""
        while not self._update_once(report):
            pass  # exchanges were deleted meanwhile, and the index with them

    def _update_once(self, report: ReportProgress) -> bool:
        """Do what `update` does; return whether the index was the same all the time."""
        last, left = self._begin()
        done, size = 0, PieceSize(200)
        while exchanges := self._read_after(last, size.rows):
            rows = [self._make_row(exchange) for exchange in exchanges]
            started = time.monotonic()
            if not self._insert_after(last, rows):
                return False
            size.note(time.monotonic() - started)
            last, done = exchanges[-1].id, done + len(exchanges)
            report(done, max(left, done))
        return True

    def _insert_after(self, last: int, rows: list[dict[str, Any]]) -> bool:
        """Insert rows that come after an id; return False where the index does not reach that id."""
        with self._database.begin_core_write() as tx:
            newest = int(tx.scalar(_LAST)) if self.is_built(tx) else -1
            new = [row for row in rows if row["id"] > newest]  # another search may have added some of them
            if new and newest >= last:
                tx.execute(_INSERT, new)
        return newest >= last

    @staticmethod
    def is_built(tx: Connection) -> bool:
        """Return whether there is an index: a deletion takes it away, even between its update and a search."""
        return tx.scalar(_EXISTS) is not None

    def _begin(self) -> tuple[int, int]:
        """Create the index if it does not exist; return the last id in it, and how many exchanges come after."""
        with self._database.begin_read() as tx:
            is_built = self.is_built(tx.connection())
        if not is_built:
            with self._database.begin_core_write() as tx:
                tx.execute(_CREATE)
        with self._database.begin_read() as tx:
            last = int(tx.connection().scalar(_LAST))
            return last, int(tx.connection().scalar(_LEFT, {"last": last}))

    def _make_row(self, exchange: Exchange) -> dict[str, Any]:
        url, headers, bodies = extract_text(exchange, self._read_or_skip)
        return {"id": exchange.id, "url": url, "headers": headers, "bodies": bodies}

    def _read_or_skip(self, body: Body) -> bytes:
        try:
            return self._read(body)
        except NotFound:  # deleted since its exchange was read
            return b""


def to_match_expression(search: str) -> str:
    """Return a search in the syntax of FTS5: each word or phrase has to occur, the last word of each may go on."""
    return " ".join(f'"{part}" *' for part in split_search(search))
