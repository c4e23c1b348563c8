"""What tables have in common: their base, the types of keys, and columns that several of them have."""

from __future__ import annotations

from sqlalchemy import BigInteger, Float, ForeignKey, Integer, LargeBinary, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# Constraints have names, so that a migration can change them on every database.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Id = String(26)
Digest = String(64)
# The type of autoincrement keys: SQLite supports them for INTEGER only.
Serial = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMING)


class SessionColumns:
    """A named recording; `replay` is a JSON object of lists, null for none. `number` is its key in history."""

    number: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True)
    name: Mapped[str] = mapped_column(Text)
    upstream: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Float(53))
    replay: Mapped[str | None] = mapped_column(Text)


class ExchangeColumns:
    """What lists show of an exchange, and filters compare; the rest is in `exchange_contents`.

    These rows are small, so that a question reads few pages. `key` is a number that the recorder chose: with
    `started_at` it is unique, so that the same exchange is added once. `host` is "" and `scheme` null without an
    origin; `path` is that of the target, with %00 for NUL; `media_type` is that of the response.
    """

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    key: Mapped[int | None] = mapped_column(BigInteger)
    started_at: Mapped[float] = mapped_column(Float(53))
    method: Mapped[str] = mapped_column(Text)
    scheme: Mapped[str | None] = mapped_column(Text)
    host: Mapped[str] = mapped_column(Text)
    port: Mapped[int | None] = mapped_column(Integer)
    path: Mapped[str] = mapped_column(Text)
    status: Mapped[int | None] = mapped_column(Integer)
    media_type: Mapped[str | None] = mapped_column(Text)
    request_size: Mapped[int] = mapped_column(BigInteger)
    response_size: Mapped[int | None] = mapped_column(BigInteger)
    request_end: Mapped[float | None] = mapped_column(Float(53))
    response_start: Mapped[float | None] = mapped_column(Float(53))
    response_end: Mapped[float | None] = mapped_column(Float(53))
    error: Mapped[str | None] = mapped_column(Text)


class RequestHeadColumns:
    """A request without its body.

    Headers are a JSON list of pairs, decoded as Latin-1; `path` is the path of the target, for filters.
    """

    method: Mapped[str] = mapped_column(Text)
    origin: Mapped[str | None] = mapped_column(Text)
    target: Mapped[bytes] = mapped_column(LargeBinary)
    path: Mapped[str] = mapped_column(Text)
    request_version: Mapped[str] = mapped_column(Text)
    request_headers: Mapped[str | None] = mapped_column(Text)
    request_trailers: Mapped[str | None] = mapped_column(Text)
    request_size: Mapped[int] = mapped_column(BigInteger)


class RequestColumns(RequestHeadColumns):
    """A request with a reference to its body."""

    request_body: Mapped[str | None] = mapped_column(ForeignKey("bodies.digest"), index=True)


class StreamColumns:
    """The course of a response: JSON lists of [seconds, bytes] and of [status, reason, headers]; null if empty."""

    response_chunks: Mapped[str | None] = mapped_column(Text)
    response_interim: Mapped[str | None] = mapped_column(Text)
