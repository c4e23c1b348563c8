"""Chunks, interim responses and messages of WebSockets; large bodies in pieces; redacted and degraded exchanges."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "body_pieces",
        sa.Column("key", sa.String(length=26), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", "position", name="pk_body_pieces"),
    )
    op.create_table(
        "websocket_messages",
        sa.Column("exchange_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("from_client", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["exchange_id"], ["exchanges.id"], name="fk_websocket_messages_exchange_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("exchange_id", "position", name="pk_websocket_messages"),
    )
    # Added in place: to make these tables anew would delete what refers to their rows.
    op.add_column("bodies", sa.Column("pieces", sa.String(length=26), nullable=True))
    op.create_index("ix_bodies_pieces", "bodies", ["pieces"], unique=True)
    for table in ("exchanges", "examples"):
        op.add_column(table, sa.Column("response_chunks", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("response_interim", sa.Text(), nullable=True))
    op.add_column("exchanges", sa.Column("redacted", sa.Text(), nullable=True))
    op.add_column("exchanges", sa.Column("degraded", sa.Text(), nullable=True))
