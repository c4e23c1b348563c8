"""Move the exchanges of an older store to the tables of 0009, in pieces: after a kill, the next start goes on.

Each piece is a transaction that inserts exchanges in the new tables and deletes them from the old one, whose pages are
used again. Foreign keys must be off.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from understudy.store.errors import StoreError
from understudy.store.head_blocks import make_request_block, make_response_block
from understudy.store.migrations.unreadable_rows import UNREADABLE, describe_reason
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Request, Response
from understudy.store.progress import ReportProgress
from understudy.store.sql.mapping.message_rows import headers_from_text, origin_from_text

# A piece ends with the row that reaches one of these.
ROWS_PER_PIECE = 2_000
BYTES_PER_PIECE = 8 * 1024 * 1024

_COPIED = (
    *("id", "started_at", "method", "path", "status", "request_size", "response_size"),
    *("request_end", "response_start", "response_end", "error"),
)
_EXCHANGE = (*_COPIED, "session_number", "scheme", "host", "port", "media_type")
_COPIED_CONTENTS = (
    *("request_trailers", "request_body", "response_trailers", "response_body", "redacted", "degraded"),
    *("response_chunks", "response_interim"),
)
_CONTENTS = (
    *("exchange_id", *_COPIED_CONTENTS),
    *("request_version", "request_head", "response_version", "response_head"),
)

_Values = tuple[Any, ...]


def move_exchanges(connection: sqlite3.Connection, location: str, report: ReportProgress) -> None:
    """Move all exchanges from `old_exchanges`; `report` is called after each piece.

    Raises StoreError that names the exchange that cannot be moved; those before it are.
    """
    if not connection.execute("select 1 from sqlite_master where name = 'old_exchanges'").fetchone():
        return
    sessions = dict(connection.execute("select id, number from sessions"))
    done, left = 0, connection.execute("select count(*) from old_exchanges").fetchone()[0]
    while done < left:
        connection.execute("begin immediate")
        try:
            done += _move_piece(connection, sessions)
            connection.execute("commit")
        except _UnreadableRow as error:
            connection.execute("rollback")
            raise _make_row_error(location, error) from error
        except BaseException:
            if connection.in_transaction:  # some errors, such as that of a full disk, have ended it
                connection.execute("rollback")
            raise
        report(done, left)


class _UnreadableRow(Exception):
    """A row of `old_exchanges` that cannot be converted: its id, and why."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(number, reason)
        self.number, self.reason = number, reason


def _make_row_error(location: str, row: _UnreadableRow) -> StoreError:
    line = (
        f"the store {location} cannot be upgraded, because its history entry {row.number} cannot be read"
        f" ({row.reason}); every entry is still there"
    )
    return StoreError(line, what="entry", which=str(row.number))


def _move_piece(connection: sqlite3.Connection, sessions: Mapping[str, int]) -> int:
    exchanges: list[_Values] = []
    contents: list[_Values] = []
    size = last = 0
    # A cursor that is open, in the frames of an error for example, would keep the lock on the file.
    with closing(_OldRows(connection)) as rows:
        while len(exchanges) < ROWS_PER_PIECE and size < BYTES_PER_PIECE and (row := rows.read_next(last)):
            last = row["id"]
            exchange, content = _convert(row, sessions)
            exchanges.append(exchange)
            contents.append(content)
            size += len(row["request_headers"] or "") + len(row["response_headers"] or "") + len(row["target"])
    _insert(connection, "exchanges", _EXCHANGE, exchanges)
    _insert(connection, "exchange_contents", _CONTENTS, contents)
    connection.execute("delete from old_exchanges where id <= ?", (last,))
    return len(exchanges)


class _OldRows:
    """The rows of `old_exchanges` by their ids."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._cursor.row_factory = sqlite3.Row
        self._cursor.execute("select * from old_exchanges order by id")

    def read_next(self, last: int) -> Any:
        """Return the row after that with the id `last`, None after the newest; raises _UnreadableRow."""
        try:
            return self._cursor.fetchone()
        except sqlite3.OperationalError as error:
            if "decode" not in str(error):
                raise
            query = "select id from old_exchanges where id > ? order by id"
            number = self._connection.execute(query, (last,)).fetchone()[0]
            raise _UnreadableRow(number, "a text is not UTF-8") from error

    def close(self) -> None:
        """End the reading."""
        self._cursor.close()


def _convert(row: sqlite3.Row, sessions: Mapping[str, int]) -> tuple[_Values, _Values]:
    """Return the values of `_EXCHANGE` and of `_CONTENTS`; raises _UnreadableRow."""
    number = sessions.get(row["session_id"])
    if number is None:
        raise _UnreadableRow(row["id"], "its session is missing")
    try:
        request, response = _read_request(row), _read_response(row)
        asked, answered = make_request_block(request), response and make_response_block(response)
        media_type = parse_media_type(response.headers.get("content-type")) if response else None
    except UNREADABLE as error:
        raise _UnreadableRow(row["id"], describe_reason(error)) from error
    origin = request.origin
    server = (origin.scheme, origin.host, origin.port) if origin else (None, "", None)
    heads = (asked.version, asked.data, *((answered.version, answered.data) if answered else (None, None)))
    return (
        (*[row[name] for name in _COPIED], number, *server, media_type),
        (row["id"], *[row[name] for name in _COPIED_CONTENTS], *heads),
    )


def _read_request(row: sqlite3.Row) -> Request:
    return Request(
        row["method"],
        row["target"],
        headers_from_text(row["request_headers"]),
        origin=origin_from_text(row["origin"]),
        http_version=row["request_version"],
    )


def _read_response(row: sqlite3.Row) -> Response | None:
    if row["status"] is None:
        return None
    headers = headers_from_text(row["response_headers"])
    return Response(row["status"], headers, b"", row["reason"] or b"", row["response_version"] or "")


def _insert(connection: sqlite3.Connection, table: str, names: tuple[str, ...], rows: list[_Values]) -> None:
    places = ", ".join("?" * len(names))
    connection.executemany(f"insert into {table} ({', '.join(names)}) values ({places})", rows)  # noqa: S608 - constants
