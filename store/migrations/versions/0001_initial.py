"""The first schema: history, collections, gateways, revisions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "bodies",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_bodies"),
    )
    op.create_table(
        "collections",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("variables", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_collections"),
        sa.UniqueConstraint("name", name="uq_collections_name"),
    )
    op.create_table(
        "environments",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("variables", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_environments"),
        sa.UniqueConstraint("name", name="uq_environments_name"),
    )
    op.create_table(
        "revision_clock",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revision_clock"),
    )
    op.create_table(
        "revisions",
        sa.Column(
            "revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("collection_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("revision", name="pk_revisions"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("upstream", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("name", name="uq_sessions_name"),
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_settings"),
    )
    op.create_table(
        "exchanges",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.Column("started_at", sa.Float(precision=53), nullable=False),
        sa.Column("request_end", sa.Float(precision=53), nullable=True),
        sa.Column("response_start", sa.Float(precision=53), nullable=True),
        sa.Column("response_end", sa.Float(precision=53), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("response_version", sa.Text(), nullable=True),
        sa.Column("response_headers", sa.Text(), nullable=True),
        sa.Column("response_trailers", sa.Text(), nullable=True),
        sa.Column("response_body", sa.String(length=64), nullable=True),
        sa.Column("response_size", sa.BigInteger(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("target", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("request_version", sa.Text(), nullable=False),
        sa.Column("request_headers", sa.Text(), nullable=True),
        sa.Column("request_trailers", sa.Text(), nullable=True),
        sa.Column("request_body", sa.String(length=64), nullable=True),
        sa.Column("request_size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["request_body"], ["bodies.digest"], name="fk_exchanges_request_body"),
        sa.ForeignKeyConstraint(["response_body"], ["bodies.digest"], name="fk_exchanges_response_body"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_exchanges_session_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_exchanges"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_exchanges_request_body", "exchanges", ["request_body"], unique=False)
    op.create_index("ix_exchanges_response_body", "exchanges", ["response_body"], unique=False)
    op.create_index(
        "ix_exchanges_session_id_started_at_id", "exchanges", ["session_id", "started_at", "id"], unique=False
    )
    op.create_index("ix_exchanges_started_at", "exchanges", ["started_at"], unique=False)
    op.create_table(
        "folders",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("collection_id", sa.String(length=26), nullable=False),
        sa.Column("parent_id", sa.String(length=26), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_folders_collection_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["folders.id"], name="fk_folders_parent_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_folders"),
    )
    op.create_index("ix_folders_collection_id", "folders", ["collection_id"], unique=False)
    op.create_index("ix_folders_parent_id", "folders", ["parent_id"], unique=False)
    op.create_table(
        "gateways",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("listen", sa.Text(), nullable=False),
        sa.Column("upstream", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("collection_id", sa.String(length=26), nullable=True),
        sa.Column("session_id", sa.String(length=26), nullable=True),
        sa.Column("started_at", sa.Float(precision=53), nullable=False),
        sa.Column("heartbeat", sa.Float(precision=53), nullable=False),
        sa.Column("seen_revision", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_gateways_collection_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_gateways_session_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_gateways"),
        sa.UniqueConstraint("name", name="uq_gateways_name"),
    )
    op.create_index("ix_gateways_collection_id", "gateways", ["collection_id"], unique=False)
    op.create_index("ix_gateways_session_id", "gateways", ["session_id"], unique=False)
    op.create_table(
        "request_items",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("collection_id", sa.String(length=26), nullable=False),
        sa.Column("folder_id", sa.String(length=26), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_request_items_collection_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["folder_id"], ["folders.id"], name="fk_request_items_folder_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_request_items"),
    )
    op.create_index("ix_request_items_collection_id_key", "request_items", ["collection_id", "key"], unique=True)
    op.create_index("ix_request_items_folder_id", "request_items", ["folder_id"], unique=False)
    op.create_table(
        "examples",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("collection_id", sa.String(length=26), nullable=False),
        sa.Column("item_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("response_version", sa.Text(), nullable=False),
        sa.Column("response_headers", sa.Text(), nullable=True),
        sa.Column("response_trailers", sa.Text(), nullable=True),
        sa.Column("response_body", sa.String(length=64), nullable=True),
        sa.Column("response_size", sa.BigInteger(), nullable=False),
        sa.Column("redacted", sa.Text(), nullable=False),
        sa.Column("literal", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.String(length=26), nullable=True),
        sa.Column("templates", sa.Boolean(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("target", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("request_version", sa.Text(), nullable=False),
        sa.Column("request_headers", sa.Text(), nullable=True),
        sa.Column("request_trailers", sa.Text(), nullable=True),
        sa.Column("request_body", sa.String(length=64), nullable=True),
        sa.Column("request_size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_examples_collection_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["request_items.id"], name="fk_examples_item_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["request_body"], ["bodies.digest"], name="fk_examples_request_body"),
        sa.ForeignKeyConstraint(["response_body"], ["bodies.digest"], name="fk_examples_response_body"),
        sa.PrimaryKeyConstraint("id", name="pk_examples"),
    )
    op.create_index("ix_examples_collection_id_id", "examples", ["collection_id", "id"], unique=False)
    op.create_index("ix_examples_item_id", "examples", ["item_id"], unique=False)
    op.create_index("ix_examples_request_body", "examples", ["request_body"], unique=False)
    op.create_index("ix_examples_response_body", "examples", ["response_body"], unique=False)
    op.create_table(
        "promoted",
        sa.Column("collection_id", sa.String(length=26), nullable=False),
        sa.Column("exchange_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("example_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_promoted_collection_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["example_id"], ["examples.id"], name="fk_promoted_example_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["exchange_id"], ["exchanges.id"], name="fk_promoted_exchange_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("collection_id", "exchange_id", name="pk_promoted"),
    )
    op.create_index("ix_promoted_example_id", "promoted", ["example_id"], unique=False)
    op.create_index("ix_promoted_exchange_id", "promoted", ["exchange_id"], unique=False)
    op.execute("insert into revision_clock (id, revision) values (1, 0)")
