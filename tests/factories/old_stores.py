"""Stores of the schema 0008, with rows in the form that its program wrote: before history had heads as blocks."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from understudy.store.model.exchanges import Exchange, Part, RedactedPlace, Timings
from understudy.store.model.messages import Body, Chunk, Headers, InterimResponse, Origin, Request, Response
from understudy.store.model.values import replace
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.sql.database.engine import Database, get_driver_connection
from understudy.store.sql.database.upgrade import migrate
from understudy.store.sql.mapping.exchange_rows import message_to_columns, redacted_to_text
from understudy.store.sql.mapping.message_rows import (
    chunks_to_text,
    headers_to_text,
    interim_to_text,
    origin_to_text,
    path_to_text,
)

SESSION = "01J8ZZZZZZZZZZZZZZZZZZSESS"
COLLECTION = "01J8ZZZZZZZZZZZZZZZZZZCOLL"
SHOP = Origin("https", "api.example.com", 443)
MADE_ANEW = ("exchanges", "old_exchanges", "all_exchanges", "exchange_contents", "sqlite_sequence")
"""The tables whose rows an upgrade does not keep as they are."""

PIECE_BYTES = 64 * 1024
JSON = (b"Content-Type", b"application/json; charset=utf-8")


def create_old_store(file: Path) -> None:
    """Create an empty store of 0008, with one session."""
    database = Database(str(file))
    database.set_write_ahead_log()
    with database.connect() as connection:
        get_driver_connection(connection).execute("pragma foreign_keys = off")
        with connection.begin():
            migrate(connection, "0008")
            connection.exec_driver_sql(
                "insert into sessions (id, name, created_at) values (?, 'shop', 1000.0)", (SESSION,)
            )
    database.close()


def add_old_rows(file: Path, exchanges: list[Exchange], messages: list[tuple[int, WebSocketMessage]]) -> None:
    """Store exchanges with their ids, and the messages of some, as the program of 0008 did."""
    with closing(sqlite3.connect(file)) as database, database:
        _insert(database, "exchanges", [_to_old_row(database, one) for one in exchanges])
        rows = [
            {"exchange_id": number, "position": position, **message_to_columns(message)}
            for position, (number, message) in enumerate(messages)
        ]
        _insert(database, "websocket_messages", rows)


def add_old_examples(file: Path, exchanges: list[Exchange]) -> None:
    """Promote exchanges: each is an example of its own request item, and has a mark."""
    with closing(sqlite3.connect(file)) as database, database:
        collection = {"id": COLLECTION, "name": "shop", "created_at": 1000.0, "variables": "{}"}
        _insert(database, "collections", [collection])
        for one in exchanges:
            old = _to_old_row(database, one)
            dropped = ("session_id", "started_at", "request_end", "response_start", "response_end", "error", "degraded")
            place = {"id": f"{one.id:026}", "collection_id": COLLECTION}
            item = {**place, "name": one.request.method, "key": None, "position": one.id}
            fields = {"name": "", "redacted": "[]", "literal": 1, "templates": 0, "edited": 0, "fingerprint": "f"}
            kept = {name: value for name, value in old.items() if name not in dropped}
            _insert(database, "request_items", [item])
            _insert(database, "examples", [{**kept, **fields, **place, "item_id": place["id"]}])
            mark = {"collection_id": COLLECTION, "exchange_id": one.id, "example_id": place["id"]}
            _insert(database, "promoted", [mark])


def _to_old_row(database: sqlite3.Connection, exchange: Exchange) -> dict[str, Any]:
    request, response, times = exchange.request, exchange.response, exchange.timings
    return {
        **({"id": exchange.id} if exchange.id else {}),
        "session_id": exchange.session_id,
        "started_at": times.started,
        "request_end": times.request_end,
        "response_start": times.response_start,
        "response_end": times.response_end,
        "error": exchange.error,
        "redacted": redacted_to_text(exchange.redacted) if exchange.redacted else None,
        "degraded": exchange.degraded or None,
        "method": request.method,
        "origin": origin_to_text(request.origin),
        "target": request.target,
        "path": path_to_text(request),
        "request_version": request.http_version,
        "request_headers": headers_to_text(request.headers),
        "request_trailers": headers_to_text(request.trailers),
        "request_body": _add_body(database, request.body),
        "request_size": len(read_plain(request.body)),
        "status": response and response.status,
        "reason": response and response.reason,
        "response_version": response and (response.http_version or None),
        "response_headers": response and headers_to_text(response.headers),
        "response_trailers": response and headers_to_text(response.trailers),
        "response_chunks": response and chunks_to_text(response.chunks),
        "response_interim": response and interim_to_text(response.interim),
        "response_body": response and _add_body(database, response.body),
        "response_size": response and len(read_plain(response.body)),
    }


def read_plain(body: Body) -> bytes:
    """The bytes of a body that is no reference."""
    assert isinstance(body, bytes)
    return body


def _add_body(database: sqlite3.Connection, body: Body) -> str | None:
    content = read_plain(body)
    if not content:
        return None
    digest = hashlib.sha256(content).hexdigest()
    if database.execute("select 1 from bodies where digest = ?", (digest,)).fetchone():
        return digest
    key = digest[:26] if len(content) > 2 * PIECE_BYTES else None
    if key is not None:
        pieces = [content[start : start + PIECE_BYTES] for start in range(0, len(content), PIECE_BYTES)]
        rows = [{"key": key, "position": number, "content": piece} for number, piece in enumerate(pieces)]
        _insert(database, "body_pieces", rows)
    row = {"digest": digest, "size": len(content), "content": b"" if key else content, "pieces": key}
    _insert(database, "bodies", [row])
    return digest


def _insert(database: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        names = list(rows[0])
        values = ", ".join(f":{name}" for name in names)
        database.executemany(f"insert into {table} ({', '.join(names)}) values ({values})", rows)


def make_varied_exchanges(count: int, seed: int) -> list[Exchange]:
    """Exchanges of all kinds in turn, with ids from 1 on; the same for one seed."""
    chance = random.Random(seed)
    makers = [_make_get, _make_post, _make_http2, _make_failed, _make_binary, _make_large, _make_bare, _make_stream]
    makers += [_make_odd_lines, _make_handshake]
    return [_complete(makers[number % len(makers)](number, chance), number) for number in range(1, count + 1)]


def make_messages(exchanges: list[Exchange]) -> list[tuple[int, WebSocketMessage]]:
    """The messages of the handshakes among exchanges."""
    return [
        (one.id, _make_message(one.id, turn))
        for one in exchanges
        if one.response and one.response.status == 101
        for turn in range(one.id % 7)
    ]


def _make_message(number: int, turn: int) -> WebSocketMessage:
    kinds = list(MessageKind)
    return WebSocketMessage(2_000.0 + number + turn, turn % 2 == 0, kinds[turn % len(kinds)], bytes([turn, 0, 255]))


def _complete(exchange: Exchange, number: int) -> Exchange:
    started = 1_000.0 + number / 8
    ends = Timings(started, started + 0.25, started + 0.5, started + 0.75) if exchange.response else Timings(started)
    return replace(exchange, id=number, timings=ends)


def _make(request: Request, response: Response | None, **fields: Any) -> Exchange:
    return Exchange(SESSION, request, response, Timings(0.0), **fields)


def _make_get(number: int, chance: random.Random) -> Exchange:
    fields = ((b"Host", b"api.example.com"), (b"accept", b"*/*"), (b"Cookie", b"id=%d" % number))
    body = b'{"page": %d}' % chance.randrange(5)
    return _make(
        Request("GET", b"/items/%d?page=2&q=%%20" % number, Headers(fields), origin=SHOP),
        Response(200, Headers((JSON, (b"ETag", b'"%d"' % number))), body * 40, b"OK"),
    )


def _make_post(number: int, chance: random.Random) -> Exchange:
    return _make(
        Request("POST", b"/items", Headers((JSON,)), chance.randbytes(chance.randrange(600)), SHOP),
        Response(201, Headers(((b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2"))), b"%d" % number, b"Created here"),
    )


def _make_http2(number: int, chance: random.Random) -> Exchange:
    origin = Origin("https", "api.example.com", chance.choice([443, 8443]))
    return _make(
        Request("PATCH", b"/v2/%d" % number, Headers(((b"accept", b"x"),)), b"same", origin, "HTTP/2.0"),
        Response(200, Headers(((b"content-type", b"text/plain"),)), b"two" * 100, b"", "HTTP/2.0"),
    )


def _make_failed(number: int, _chance: random.Random) -> Exchange:
    error = "cannot be reached: Connection refused, \N{SNOWMAN} and \0"
    return _make(Request("GET", b"/failed/%d" % number, Headers(), origin=SHOP), None, error=error)


def _make_binary(number: int, chance: random.Random) -> Exchange:
    value = bytes(chance.choice(range(33, 256)) for _ in range(40))
    fields = ((b"X-Bytes", b"a" + value.replace(b"\x7f", b"") + b"z"), (b"X-\xe4", b"\xff\xfe"), (b"Empty", b""))
    return _make(
        Request("GET", b"/nul\0/%d?\xff\xfe=[" % number, Headers(fields), origin=SHOP),
        Response(404, Headers(fields), bytes(range(256)), b"Nicht da: \xe4"),
    )


def _make_large(number: int, chance: random.Random) -> Exchange:
    body = chance.randbytes(300_000) if number % 500 == 6 else b"large" * (4_000 + chance.randrange(3))
    long = ((b"X-Long", b"l" * (60_000 if number % 200 == 6 else 300)),)
    return _make(
        Request("PUT", b"/files/%d" % number, Headers(long), body, SHOP),
        Response(200, Headers(((b"Content-Type", b"Application/Octet-Stream"),)), body, b"OK"),
    )


def _make_bare(number: int, _chance: random.Random) -> Exchange:
    """Without an origin or with port 0, and without what was unknown of the response."""
    origin = None if number % 20 == 7 else Origin("http", "::1", 0)
    return _make(
        Request("X-ODD", b"*", Headers(), origin=origin, http_version="HTTP/1.0"),
        Response(200, Headers(), b"", b"", ""),
        degraded="the body of the response was cut after 0 bytes",
    )


def _make_stream(number: int, _chance: random.Random) -> Exchange:
    places = frozenset({RedactedPlace(Part.QUERY, "a"), RedactedPlace(Part.JSON, "$.token")})
    trailers = Headers(((b"grpc-status", b"0"),))
    interim = (InterimResponse(103, Headers(((b"Link", b"</a>"),)), b"Early Hints"), InterimResponse(100))
    return _make(
        Request("POST", b"/stream?a=REDACTED", Headers((JSON,)), b"ask", SHOP, "HTTP/1.1", trailers),
        Response(200, Headers(), b"data: 1\n\n", b"OK", "HTTP/1.1", trailers, (Chunk(0.0, 4), Chunk(0.25, 5)), interim),
        redacted=places,
        error="the client closed the connection" if number % 3 else None,
    )


def _make_odd_lines(number: int, _chance: random.Random) -> Exchange:
    """Heads that cannot be written in lines."""
    fields = ((b"X-Fold", b"a\r\n b"), (b"", b"no name"), (b"a:b", b" space "), (b":path", b"/other"))
    version = ("HTTP/1.1", "HTTP/2.0")[number % 2]
    return _make(
        Request("G T", b"/a b\n%d" % number, Headers(fields), origin=SHOP, http_version=version),
        Response(599, Headers(fields), b"", b"a\r\nb", version),
    )


def _make_handshake(number: int, _chance: random.Random) -> Exchange:
    fields = ((b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"))
    return _make(
        Request("GET", b"/socket/%d" % number, Headers(fields), origin=Origin("http", "localhost", 8080)),
        Response(101, Headers(fields), b"", b"Switching Protocols"),
    )


def read_rows(
    file: Path, omitted: tuple[str, ...], columns: dict[str, str] | None = None
) -> dict[str, tuple[str, list[str]]]:
    """The columns and rows of every table but those omitted, or of these columns."""
    with closing(sqlite3.connect(file)) as database:
        names = "select name from sqlite_master where type = 'table' and name not in ('alembic_version')"
        kept = [name for (name,) in database.execute(names) if name not in omitted]
        tables = columns or {name: _list_columns(database, name) for name in kept}
        return {
            name: (listed, sorted(map(repr, database.execute(f"select {listed} from {name}"))))
            for name, listed in tables.items()
        }


def _list_columns(database: sqlite3.Connection, table: str) -> str:
    return ", ".join(f'"{row[1]}"' for row in database.execute(f"pragma table_info({table})"))


def list_examples_to_promote(exchanges: list[Exchange]) -> Iterator[Exchange]:
    """Some exchanges of each kind that has a response and a version."""
    return (one for one in exchanges if one.response and one.response.http_version and one.id % 50 < 10)
