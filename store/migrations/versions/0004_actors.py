"""The actor of each change in the revision table."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("revisions", sa.Column("actor", sa.Text(), nullable=True))
