"""History in small rows for lists and filters, and rows with heads as blocks and small bodies; sessions have numbers.

The exchanges of an older store stay in `old_exchanges` until `store.migrations.history_upgrade` has moved each of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.execute("pragma legacy_alter_table = on")  # other tables go on to refer to `sessions` and `exchanges`
    number_sessions()
    op.drop_index("ix_exchanges_session_id_started_at_id", "exchanges")
    op.drop_index("ix_exchanges_started_at", "exchanges")
    op.rename_table("exchanges", "old_exchanges")
    create_exchanges()
    create_contents()
    # The ids of deleted exchanges are not given again.
    op.execute(
        "insert into sqlite_sequence (name, seq) select 'exchanges', seq from sqlite_sequence"
        " where name = 'old_exchanges'"
    )
    op.execute("pragma legacy_alter_table = off")


def number_sessions() -> None:
    # SQLite has no other way to give a table another primary key.
    op.create_table(
        "new_sessions",
        sa.Column("number", SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("upstream", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("replay", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_sessions"),
        sa.UniqueConstraint("id", name="uq_sessions_id"),
        sa.UniqueConstraint("name", name="uq_sessions_name"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "insert into new_sessions (id, name, upstream, created_at, replay)"
        " select id, name, upstream, created_at, replay from sessions order by id"
    )
    op.drop_table("sessions")
    op.rename_table("new_sessions", "sessions")


def create_exchanges() -> None:
    op.create_table(
        "exchanges",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("session_number", SERIAL, nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.Float(precision=53), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("request_size", sa.BigInteger(), nullable=False),
        sa.Column("response_size", sa.BigInteger(), nullable=True),
        sa.Column("request_end", sa.Float(precision=53), nullable=True),
        sa.Column("response_start", sa.Float(precision=53), nullable=True),
        sa.Column("response_end", sa.Float(precision=53), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_number"], ["sessions.number"], name="fk_exchanges_session_number", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_exchanges"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_exchanges_session_number_started_at_id", "exchanges", ["session_number", "started_at", "id"], unique=False
    )
    op.create_index("ix_exchanges_started_at_key", "exchanges", ["started_at", "key"], unique=True)


def create_contents() -> None:
    op.create_table(
        "exchange_contents",
        sa.Column("exchange_id", SERIAL, autoincrement=False, nullable=False),
        sa.Column("request_version", sa.Text(), nullable=True),
        sa.Column("request_head", sa.LargeBinary(), nullable=False),
        sa.Column("request_trailers", sa.Text(), nullable=True),
        sa.Column("request_content", sa.LargeBinary(), nullable=True),
        sa.Column("request_body", sa.String(length=64), nullable=True),
        sa.Column("response_version", sa.Text(), nullable=True),
        sa.Column("response_head", sa.LargeBinary(), nullable=True),
        sa.Column("response_trailers", sa.Text(), nullable=True),
        sa.Column("response_content", sa.LargeBinary(), nullable=True),
        sa.Column("response_body", sa.String(length=64), nullable=True),
        sa.Column("redacted", sa.Text(), nullable=True),
        sa.Column("degraded", sa.Text(), nullable=True),
        sa.Column("response_chunks", sa.Text(), nullable=True),
        sa.Column("response_interim", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["exchange_id"], ["exchanges.id"], name="fk_exchange_contents_exchange_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["request_body"], ["bodies.digest"], name="fk_exchange_contents_request_body"),
        sa.ForeignKeyConstraint(["response_body"], ["bodies.digest"], name="fk_exchange_contents_response_body"),
        sa.PrimaryKeyConstraint("exchange_id", name="pk_exchange_contents"),
    )
    for column in ("request_body", "response_body"):
        has_body = sa.text(f"{column} IS NOT NULL")
        name = f"ix_exchange_contents_{column}"
        op.create_index(name, "exchange_contents", [column], sqlite_where=has_body, postgresql_where=has_body)
