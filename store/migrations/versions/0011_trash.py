"""The trash: what was deleted can be restored. Sessions and exchanges stay in their tables, behind views that hide it.

The rest is moved to tables of the same columns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOT_DELETED = sa.text("deletion IS NULL")
DELETED = sa.text("deletion IS NOT NULL")


def upgrade() -> None:
    create_deletions()
    hide_sessions()
    hide_exchanges()
    create_trash()


def create_deletions() -> None:
    op.create_table(
        "deletions",
        sa.Column("number", SERIAL, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_deletions"),
        sqlite_autoincrement=True,
    )


def hide_sessions() -> None:
    op.rename_table("sessions", "all_sessions")  # other tables refer to it by its new name then
    op.execute("pragma legacy_alter_table = on")  # and do so when another table gets that name
    # SQLite has no other way to take away that names are unique.
    op.create_table(
        "new_sessions",
        sa.Column("deletion", SERIAL, nullable=True),
        sa.Column("number", SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("upstream", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("replay", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["deletion"], ["deletions.number"], name="fk_all_sessions_deletion"),
        sa.PrimaryKeyConstraint("number", name="pk_all_sessions"),
        sa.UniqueConstraint("id", name="uq_all_sessions_id"),
        sqlite_autoincrement=True,
    )
    columns = "number, id, name, upstream, created_at, replay"
    op.execute(f"insert into new_sessions ({columns}) select {columns} from all_sessions order by number")  # noqa: S608
    # The numbers of deleted sessions are not given again.
    op.execute("delete from sqlite_sequence where name = 'new_sessions'")
    op.execute(
        "insert into sqlite_sequence (name, seq) select 'new_sessions', seq from sqlite_sequence"
        " where name = 'all_sessions'"
    )
    op.drop_table("all_sessions")
    op.rename_table("new_sessions", "all_sessions")
    op.execute("pragma legacy_alter_table = off")
    op.create_index(
        "ix_all_sessions_name",
        "all_sessions",
        ["name"],
        unique=True,
        sqlite_where=NOT_DELETED,
        postgresql_where=NOT_DELETED,
    )
    op.execute(f"create view sessions as select {columns} from all_sessions where deletion is null")  # noqa: S608


def hide_exchanges() -> None:
    op.drop_index("ix_exchanges_session_number_started_at_id", "exchanges")
    op.drop_index("ix_exchanges_started_at_key", "exchanges")
    op.rename_table("exchanges", "all_exchanges")
    op.execute(
        "alter table all_exchanges add column deletion integer"
        " constraint fk_all_exchanges_deletion references deletions (number)"
    )
    create_exchange_index(["session_number", "started_at", "id"], NOT_DELETED)
    create_exchange_index(["started_at", "key"], NOT_DELETED, unique=True)
    create_exchange_index(["deletion"], DELETED)
    op.execute(
        "create view exchanges as select id, session_number, key, started_at, method, scheme, host, port, path, status,"
        " media_type, request_size, response_size, request_end, response_start, response_end, error"
        " from all_exchanges where deletion is null"
    )


def create_exchange_index(columns: list[str], where: sa.TextClause, *, unique: bool = False) -> None:
    name = f"ix_all_exchanges_{'_'.join(columns)}"
    op.create_index(name, "all_exchanges", columns, unique=unique, sqlite_where=where, postgresql_where=where)


def create_trash() -> None:
    create_deleted_collections()
    create_deleted_examples()
    create_deleted_mock_servers()
    create_deleted_calls()


def create_deleted_collections() -> None:
    op.create_table(
        "deleted_collections",
        sa.Column("deletion", SERIAL, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.Float(precision=53), autoincrement=False, nullable=False),
        sa.Column("variables", sa.Text(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["deletion"], ["deletions.number"], name="fk_deleted_collections_deletion"),
        sa.PrimaryKeyConstraint("deletion", "id", name="pk_deleted_collections"),
    )
    op.create_table(
        "deleted_folders",
        sa.Column("deletion", SERIAL, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("collection_id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("parent_id", sa.String(length=26), autoincrement=False, nullable=True),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["deletion"], ["deletions.number"], name="fk_deleted_folders_deletion"),
        sa.PrimaryKeyConstraint("deletion", "id", name="pk_deleted_folders"),
    )
    op.create_table(
        "deleted_request_items",
        sa.Column("deletion", SERIAL, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("collection_id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("folder_id", sa.String(length=26), autoincrement=False, nullable=True),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("method", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("path", sa.Text(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(["deletion"], ["deletions.number"], name="fk_deleted_request_items_deletion"),
        sa.PrimaryKeyConstraint("deletion", "id", name="pk_deleted_request_items"),
    )
    op.create_table(
        "deleted_promoted",
        sa.Column("deletion", SERIAL, autoincrement=False, nullable=False),
        sa.Column("collection_id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("exchange_id", SERIAL, autoincrement=False, nullable=False),
        sa.Column("example_id", sa.String(length=64), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(["deletion"], ["deletions.number"], name="fk_deleted_promoted_deletion"),
        sa.PrimaryKeyConstraint("deletion", "collection_id", "exchange_id", name="pk_deleted_promoted"),
    )


def create_deleted_examples() -> None:
    op.create_table(
        "deleted_examples",
        sa.Column("deletion", SERIAL, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=64), autoincrement=False, nullable=False),
        sa.Column("collection_id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("response_version", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("response_headers", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("response_trailers", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("response_body", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("response_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("redacted", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("literal", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.String(length=26), autoincrement=False, nullable=True),
        sa.Column("templates", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("edited", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("behaviour", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("unedited", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("request_body", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("method", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("target", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("path", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("request_version", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("request_headers", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("request_trailers", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("request_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("response_chunks", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("response_interim", sa.Text(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(["deletion"], ["deletions.number"], name="fk_deleted_examples_deletion"),
        sa.ForeignKeyConstraint(["request_body"], ["bodies.digest"], name="fk_deleted_examples_request_body"),
        sa.ForeignKeyConstraint(["response_body"], ["bodies.digest"], name="fk_deleted_examples_response_body"),
        sa.PrimaryKeyConstraint("deletion", "id", "collection_id", name="pk_deleted_examples"),
    )
    op.create_index("ix_deleted_examples_request_body", "deleted_examples", ["request_body"])
    op.create_index("ix_deleted_examples_response_body", "deleted_examples", ["response_body"])


def create_deleted_mock_servers() -> None:
    op.create_table(
        "deleted_environments",
        sa.Column("deletion", SERIAL, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("variables", sa.Text(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["deletion"], ["deletions.number"], name="fk_deleted_environments_deletion"),
        sa.PrimaryKeyConstraint("deletion", "id", name="pk_deleted_environments"),
    )
    op.create_table(
        "deleted_mock_servers",
        sa.Column("deletion", SERIAL, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("slug", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("collection_id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("environment_id", sa.String(length=26), autoincrement=False, nullable=True),
        sa.Column("private", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("behaviour", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("matching", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("server_error_id", sa.String(length=26), autoincrement=False, nullable=True),
        sa.Column("cors", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("sequences_epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_limit", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.Float(precision=53), autoincrement=False, nullable=False),
        sa.Column("updated_at", sa.Float(precision=53), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["deletion"], ["deletions.number"], name="fk_deleted_mock_servers_deletion"),
        sa.PrimaryKeyConstraint("deletion", "id", name="pk_deleted_mock_servers"),
    )
    op.create_table(
        "deleted_server_errors",
        sa.Column("deletion", SERIAL, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("mock_server_id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("response_version", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("response_headers", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("response_trailers", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("response_content", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["deletion"], ["deletions.number"], name="fk_deleted_server_errors_deletion"),
        sa.PrimaryKeyConstraint("deletion", "id", name="pk_deleted_server_errors"),
    )


def create_deleted_calls() -> None:
    op.create_table(
        "deleted_calls",
        sa.Column("deletion", SERIAL, autoincrement=False, nullable=False),
        sa.Column("id", SERIAL, autoincrement=False, nullable=False),
        sa.Column("mock_server_id", sa.String(length=26), autoincrement=False, nullable=False),
        sa.Column("at", sa.Float(precision=53), autoincrement=False, nullable=False),
        sa.Column("duration", sa.Float(precision=53), autoincrement=False, nullable=False),
        sa.Column("request_content", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("reason", sa.LargeBinary(), autoincrement=False, nullable=True),
        sa.Column("response_version", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("response_headers", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("response_trailers", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("response_content", sa.LargeBinary(), autoincrement=False, nullable=True),
        sa.Column("response_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("example_id", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("example_name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("decision", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("method", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("target", sa.LargeBinary(), autoincrement=False, nullable=False),
        sa.Column("path", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("request_version", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("request_headers", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("request_trailers", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("request_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["deletion"], ["deletions.number"], name="fk_deleted_calls_deletion"),
        sa.PrimaryKeyConstraint("deletion", "id", name="pk_deleted_calls"),
    )
