"""Mock servers, server errors, call logs and API keys; the behaviour of examples; items that were typed in."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("ending", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("name", name="uq_api_keys_name"),
    )
    op.create_table(
        "mock_servers",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("collection_id", sa.String(length=26), nullable=False),
        sa.Column("environment_id", sa.String(length=26), nullable=True),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("behaviour", sa.Text(), nullable=True),
        sa.Column("matching", sa.Text(), nullable=False),
        sa.Column("server_error_id", sa.String(length=26), nullable=True),
        sa.Column("cors", sa.Boolean(), nullable=False),
        sa.Column("sequences_epoch", sa.BigInteger(), nullable=False),
        sa.Column("log_limit", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("updated_at", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name="fk_mock_servers_collection_id"),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"], name="fk_mock_servers_environment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mock_servers"),
        sa.UniqueConstraint("name", name="uq_mock_servers_name"),
        sa.UniqueConstraint("slug", name="uq_mock_servers_slug"),
    )
    op.create_index("ix_mock_servers_collection_id", "mock_servers", ["collection_id"], unique=False)
    op.create_index("ix_mock_servers_environment_id", "mock_servers", ["environment_id"], unique=False)
    op.create_table(
        "server_errors",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("mock_server_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("response_version", sa.Text(), nullable=False),
        sa.Column("response_headers", sa.Text(), nullable=True),
        sa.Column("response_trailers", sa.Text(), nullable=True),
        sa.Column("response_content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mock_server_id"], ["mock_servers.id"], name="fk_server_errors_mock_server_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_server_errors"),
    )
    op.create_index("ix_server_errors_mock_server_id_name", "server_errors", ["mock_server_id", "name"], unique=True)
    op.create_table(
        "calls",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("mock_server_id", sa.String(length=26), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("duration", sa.Float(precision=53), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("target", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("request_version", sa.Text(), nullable=False),
        sa.Column("request_headers", sa.Text(), nullable=True),
        sa.Column("request_trailers", sa.Text(), nullable=True),
        sa.Column("request_content", sa.LargeBinary(), nullable=False),
        sa.Column("request_size", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("response_version", sa.Text(), nullable=True),
        sa.Column("response_headers", sa.Text(), nullable=True),
        sa.Column("response_trailers", sa.Text(), nullable=True),
        sa.Column("response_content", sa.LargeBinary(), nullable=True),
        sa.Column("response_size", sa.BigInteger(), nullable=False),
        sa.Column("example_id", sa.String(length=64), nullable=True),
        sa.Column("example_name", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mock_server_id"], ["mock_servers.id"], name="fk_calls_mock_server_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_calls_mock_server_id_id", "calls", ["mock_server_id", "id"], unique=False)
    # Added in place: to make these two tables anew would delete what refers to their rows.
    op.add_column("examples", sa.Column("behaviour", sa.Text(), nullable=True))
    op.add_column("request_items", sa.Column("method", sa.Text(), nullable=True))
    op.add_column("request_items", sa.Column("path", sa.Text(), nullable=True))
    with op.batch_alter_table("gateways") as gateways:
        gateways.add_column(sa.Column("mock_server_id", sa.String(length=26), nullable=True))
        gateways.create_foreign_key(
            "fk_gateways_mock_server_id", "mock_servers", ["mock_server_id"], ["id"], ondelete="SET NULL"
        )
        gateways.create_index("ix_gateways_mock_server_id", ["mock_server_id"], unique=False)
