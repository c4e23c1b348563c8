"""Move the exchanges of an older store to the tables of 0009, in pieces: after a kill, the next start goes on.

Each piece is a transaction that inserts exchanges in the new tables and deletes them from the old one, whose pages are
used again. Foreign keys must be off.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from understudy.store.head_blocks import make_request_block, make_response_block
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Headers, Request, Response
from understudy.store.sql.mapping.message_rows import headers_from_text, origin_from_text

ROWS_PER_PIECE = 500

_OLD = """
select old_exchanges.*, sessions.number as session_number from old_exchanges
left join sessions on sessions.id = old_exchanges.session_id order by old_exchanges.id limit ?
"""
_KEPT = (
    *("id", "session_number", "started_at", "method", "path", "status", "request_size", "response_size"),
    *("request_end", "response_start", "response_end", "error"),
)
_KEPT_CONTENTS = (
    *("request_trailers", "request_body", "response_trailers", "response_body", "redacted", "degraded"),
    *("response_chunks", "response_interim"),
)

Report = Callable[[int, int], None]
"""Takes the number of exchanges that are done, and of all."""


def move_exchanges(connection: sqlite3.Connection, report: Report) -> None:
    """Move all exchanges from `old_exchanges`; `report` is called after each piece."""
    connection.row_factory = sqlite3.Row
    done, left = 0, connection.execute("select count(*) from old_exchanges").fetchone()[0]
    while rows := connection.execute(_OLD, (ROWS_PER_PIECE,)).fetchall():
        connection.execute("begin immediate")
        _insert(connection, "exchanges", map(_to_exchange, rows))
        _insert(connection, "exchange_contents", map(_to_contents, rows))
        connection.execute("delete from old_exchanges where id <= ?", (rows[-1]["id"],))
        connection.execute("commit")
        done += len(rows)
        report(done, left)


def _to_exchange(row: sqlite3.Row) -> dict[str, Any]:
    origin = origin_from_text(row["origin"])
    response_headers = headers_from_text(row["response_headers"])
    return {
        **{name: row[name] for name in _KEPT},
        "scheme": origin.scheme if origin else None,
        "host": origin.host if origin else "",
        "port": origin.port if origin else None,
        "media_type": None if row["status"] is None else parse_media_type(response_headers.get("content-type")),
    }


def _to_contents(row: sqlite3.Row) -> dict[str, Any]:
    request, response = _read_request(row), _read_response(row)
    request_block, response_block = make_request_block(request), response and make_response_block(response)
    return {
        "exchange_id": row["id"],
        **{name: row[name] for name in _KEPT_CONTENTS},
        "request_version": request_block.version,
        "request_head": request_block.data,
        "response_version": response_block.version if response_block else None,
        "response_head": response_block.data if response_block else None,
    }


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
    headers: Headers = headers_from_text(row["response_headers"])
    return Response(row["status"], headers, b"", row["reason"] or b"", row["response_version"] or "")


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    given = list(rows)
    names = list(given[0])
    text = f"insert into {table} ({', '.join(names)}) values ({', '.join(':' + name for name in names)})"  # noqa: S608 - constants
    connection.executemany(text, given)
