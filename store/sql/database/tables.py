"""The tables as SQLAlchemy maps them: no behaviour, no queries. Alembic creates them (store/migrations)."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from understudy.store.sql.database.columns import (
    Base,
    Digest,
    ExchangeColumns,
    Id,
    RequestColumns,
    RequestHeadColumns,
    Serial,
    SessionColumns,
    StreamColumns,
)

VIEW = {"is_view": True}
"""The `info` of what is a view, which migrations create and nothing compares."""
NOT_DELETED = text("deletion IS NULL")
DELETED = text("deletion IS NOT NULL")


class DeletionRow(Base):
    """A deletion that can be undone: what was deleted is in the trash.

    `kind` and `state` are those of `store.model.deletions`, `subject` is the id of what was deleted. `counts` is a JSON
    object of the numbers of things, `details` one of what the kind needs to be undone; `size` is in bytes.
    """

    __tablename__ = "deletions"
    __table_args__ = ({"sqlite_autoincrement": True},)
    number: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    at: Mapped[float] = mapped_column(Float(53))
    actor: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    counts: Mapped[str] = mapped_column(Text)
    details: Mapped[str] = mapped_column(Text)


class KeptSessionRow(SessionColumns, Base):
    """A session that the store holds; with the number of its deletion if it is in the trash."""

    __tablename__ = "all_sessions"
    __table_args__ = (
        Index(None, "name", unique=True, sqlite_where=NOT_DELETED),
        {"sqlite_autoincrement": True},
    )
    deletion: Mapped[int | None] = mapped_column(ForeignKey("deletions.number"))


class SessionRow(SessionColumns, Base):
    """A session that is not in the trash: a view, through which all but deletions read."""

    __tablename__ = "sessions"
    __table_args__ = ({"info": VIEW},)


class BodyRow(Base):
    """The bytes of a body, stored once per content; `digest` is their SHA-256 in hex.

    The bytes of a large body are in `body_pieces` under the key `pieces`, and its `content` is empty.
    """

    __tablename__ = "bodies"
    digest: Mapped[str] = mapped_column(Digest, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    pieces: Mapped[str | None] = mapped_column(Id, index=True, unique=True)


class BodyPieceRow(Base):
    """A piece of a large body. The row in `bodies` is added when the body is complete."""

    __tablename__ = "body_pieces"
    key: Mapped[str] = mapped_column(Id, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class KeptExchangeRow(ExchangeColumns, Base):
    """An exchange that the store holds; with the number of its deletion if it is in the trash.

    It stays where it is, because to write it elsewhere would take long. The index of those in the trash is for undo.
    """

    __tablename__ = "all_exchanges"
    __table_args__ = (
        Index(None, "session_number", "started_at", "id", sqlite_where=NOT_DELETED),
        Index(None, "started_at", "key", unique=True, sqlite_where=NOT_DELETED),
        Index(None, "deletion", sqlite_where=DELETED),
        {"sqlite_autoincrement": True},
    )
    session_number: Mapped[int] = mapped_column(ForeignKey("all_sessions.number", ondelete="CASCADE"))
    deletion: Mapped[int | None] = mapped_column(ForeignKey("deletions.number"))


class ExchangeRow(ExchangeColumns, Base):
    """An exchange that is not in the trash: a view, through which all but the recorder and deletions read."""

    __tablename__ = "exchanges"
    __table_args__ = ({"info": VIEW},)
    session_number: Mapped[int] = mapped_column(Serial)


def _make_body_index(column: str) -> Index:
    # Only for the deletion of bodies: most exchanges refer to none.
    has_body = text(f"{column} IS NOT NULL")
    return Index(f"ix_exchange_contents_{column}", column, sqlite_where=has_body)


class ExchangeContentRow(StreamColumns, Base):
    """The heads and bodies of an exchange, which only its readers need.

    A head is one block (`store.head_blocks`), whose version is null where its first line has it. A small body is the
    `content`, another one the digest of a row in `bodies`; both are null for an empty body. `redacted` is a JSON list
    of [part, name], null if nothing was redacted.
    """

    __tablename__ = "exchange_contents"
    __table_args__ = (_make_body_index("request_body"), _make_body_index("response_body"))
    exchange_id: Mapped[int] = mapped_column(
        Serial, ForeignKey("all_exchanges.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    request_version: Mapped[str | None] = mapped_column(Text)
    request_head: Mapped[bytes] = mapped_column(LargeBinary)
    request_trailers: Mapped[str | None] = mapped_column(Text)
    request_content: Mapped[bytes | None] = mapped_column(LargeBinary)
    request_body: Mapped[str | None] = mapped_column(ForeignKey("bodies.digest"))
    response_version: Mapped[str | None] = mapped_column(Text)
    response_head: Mapped[bytes | None] = mapped_column(LargeBinary)
    response_trailers: Mapped[str | None] = mapped_column(Text)
    response_content: Mapped[bytes | None] = mapped_column(LargeBinary)
    response_body: Mapped[str | None] = mapped_column(ForeignKey("bodies.digest"))
    redacted: Mapped[str | None] = mapped_column(Text)
    degraded: Mapped[str | None] = mapped_column(Text)


class WebSocketMessageRow(Base):
    """A message of a WebSocket, whose exchange is the handshake, or of a bidirectional gRPC call.

    `kind` is text, binary, ping, pong, close or grpc; the content of a gRPC message is in the body of its side.
    """

    __tablename__ = "websocket_messages"
    exchange_id: Mapped[int] = mapped_column(
        Serial, ForeignKey("all_exchanges.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[float] = mapped_column(Float(53))
    from_client: Mapped[bool] = mapped_column(Boolean)
    kind: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class CollectionRow(Base):
    """Named request items with their examples; `variables` is a JSON object."""

    __tablename__ = "collections"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[float] = mapped_column(Float(53))
    variables: Mapped[str] = mapped_column(Text)


class FolderRow(Base):
    """A folder of a collection."""

    __tablename__ = "folders"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("folders.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer)


class RequestItemRow(Base):
    """One request of a collection.

    Recorded requests with the same `key` are one item. It is null for items that were typed in, which have `method`
    and `path` instead.
    """

    __tablename__ = "request_items"
    __table_args__ = (Index(None, "collection_id", "key", unique=True),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    folder_id: Mapped[str | None] = mapped_column(ForeignKey("folders.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(Text)
    key: Mapped[str | None] = mapped_column(Digest)
    position: Mapped[int] = mapped_column(Integer)
    method: Mapped[str | None] = mapped_column(Text)
    path: Mapped[str | None] = mapped_column(Text)


class ExampleRow(RequestColumns, StreamColumns, Base):
    """A saved response with the request it answers; its id is unique in its collection.

    `redacted` is a JSON list of [part, name], `behaviour` a JSON object, `unedited` a JSON list; null for none.
    """

    __tablename__ = "examples"
    __table_args__ = (PrimaryKeyConstraint("collection_id", "id"),)
    id: Mapped[str] = mapped_column(String(64))
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    item_id: Mapped[str] = mapped_column(ForeignKey("request_items.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    status: Mapped[int] = mapped_column(Integer)
    reason: Mapped[bytes] = mapped_column(LargeBinary)
    response_version: Mapped[str] = mapped_column(Text)
    response_headers: Mapped[str | None] = mapped_column(Text)
    response_trailers: Mapped[str | None] = mapped_column(Text)
    response_body: Mapped[str | None] = mapped_column(ForeignKey("bodies.digest"), index=True)
    response_size: Mapped[int] = mapped_column(BigInteger)
    redacted: Mapped[str] = mapped_column(Text)
    literal: Mapped[bool] = mapped_column(Boolean)
    sequence: Mapped[str | None] = mapped_column(Id)
    templates: Mapped[bool] = mapped_column(Boolean)
    edited: Mapped[bool] = mapped_column(Boolean)
    fingerprint: Mapped[str] = mapped_column(Text)
    behaviour: Mapped[str | None] = mapped_column(Text)
    unedited: Mapped[str | None] = mapped_column(Text)


class PromotedRow(Base):
    """An exchange that was promoted to a collection; `example_id` is null if its example was deleted.

    It is no foreign key: the key of examples begins with the collection, and SQLite cannot set the rest alone to null.
    """

    __tablename__ = "promoted"
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True)
    exchange_id: Mapped[int] = mapped_column(
        Serial, ForeignKey("all_exchanges.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    example_id: Mapped[str | None] = mapped_column(String(64), index=True)


class EnvironmentRow(Base):
    """Named variables; `variables` is a JSON object."""

    __tablename__ = "environments"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    variables: Mapped[str] = mapped_column(Text)


class SettingRow(Base):
    """One setting; `value` is JSON."""

    __tablename__ = "settings"
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class MockServerRow(Base):
    """A collection made callable; `behaviour` and `matching` are JSON objects, `behaviour` null for none.

    `server_error_id` is no foreign key, because two tables that refer to each other cannot be created one after the
    other: the repository sets it to null when that error is deleted.
    """

    __tablename__ = "mock_servers"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id"), index=True)
    environment_id: Mapped[str | None] = mapped_column(ForeignKey("environments.id"), index=True)
    private: Mapped[bool] = mapped_column(Boolean)
    behaviour: Mapped[str | None] = mapped_column(Text)
    matching: Mapped[str] = mapped_column(Text)
    server_error_id: Mapped[str | None] = mapped_column(Id)
    cors: Mapped[bool] = mapped_column(Boolean)
    sequences_epoch: Mapped[int] = mapped_column(BigInteger)
    log_limit: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[float] = mapped_column(Float(53))
    updated_at: Mapped[float] = mapped_column(Float(53))


class ServerErrorRow(Base):
    """A saved 5xx response of a mock server."""

    __tablename__ = "server_errors"
    __table_args__ = (Index(None, "mock_server_id", "name", unique=True),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    mock_server_id: Mapped[str] = mapped_column(ForeignKey("mock_servers.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    status: Mapped[int] = mapped_column(Integer)
    reason: Mapped[bytes] = mapped_column(LargeBinary)
    response_version: Mapped[str] = mapped_column(Text)
    response_headers: Mapped[str | None] = mapped_column(Text)
    response_trailers: Mapped[str | None] = mapped_column(Text)
    response_content: Mapped[bytes] = mapped_column(LargeBinary)


class KeyRow(Base):
    """A key to private mock servers; `digest` is its SHA-256 in hex."""

    __tablename__ = "api_keys"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    digest: Mapped[str] = mapped_column(Digest)
    ending: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Float(53))


class CallRow(RequestHeadColumns, Base):
    """One call to a mock server, with the beginnings of its bodies. Its example may have been deleted since."""

    __tablename__ = "calls"
    __table_args__ = (Index(None, "mock_server_id", "id"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    mock_server_id: Mapped[str] = mapped_column(ForeignKey("mock_servers.id", ondelete="CASCADE"))
    at: Mapped[float] = mapped_column(Float(53))
    duration: Mapped[float] = mapped_column(Float(53))
    request_content: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[bytes | None] = mapped_column(LargeBinary)
    response_version: Mapped[str | None] = mapped_column(Text)
    response_headers: Mapped[str | None] = mapped_column(Text)
    response_trailers: Mapped[str | None] = mapped_column(Text)
    response_content: Mapped[bytes | None] = mapped_column(LargeBinary)
    response_size: Mapped[int] = mapped_column(BigInteger)
    example_id: Mapped[str | None] = mapped_column(String(64))
    example_name: Mapped[str] = mapped_column(Text)
    decision: Mapped[str] = mapped_column(Text)


class GatewayRow(Base):
    """A gateway that runs, or ran until its heartbeat stopped, with its desired state."""

    __tablename__ = "gateways"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    pid: Mapped[int] = mapped_column(Integer)
    listen: Mapped[str] = mapped_column(Text)
    upstream: Mapped[str | None] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(Text)
    collection_id: Mapped[str | None] = mapped_column(ForeignKey("collections.id", ondelete="SET NULL"), index=True)
    session_id: Mapped[str | None] = mapped_column(ForeignKey("all_sessions.id", ondelete="SET NULL"), index=True)
    mock_server_id: Mapped[str | None] = mapped_column(ForeignKey("mock_servers.id", ondelete="SET NULL"), index=True)
    started_at: Mapped[float] = mapped_column(Float(53))
    heartbeat: Mapped[float] = mapped_column(Float(53))
    seen_revision: Mapped[int] = mapped_column(BigInteger)
    lost: Mapped[int] = mapped_column(BigInteger)


class ClockRow(Base):
    """The row that counts revisions. A change locks it until its commit, so that revisions become visible in order."""

    __tablename__ = "revision_clock"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)


class ChangeRow(Base):
    """The revision table: the changes that programs with a compiled copy have to apply."""

    __tablename__ = "revisions"
    revision: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Text)
    collection_id: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str | None] = mapped_column(Text)
