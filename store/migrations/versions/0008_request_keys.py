"""The keys of recorded request items, by the new meaning of one request: items are split and merged accordingly."""

from alembic import context, op

from understudy.store.migrations.key_upgrade import upgrade_request_keys

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    upgrade_request_keys(op.get_bind(), context.config.attributes["request_key"])
