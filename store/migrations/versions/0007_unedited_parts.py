"""The parts of a recorded request that nobody edited; in an example edited before, every part counts as edited."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Added in place: to make the table anew would delete what refers to its rows.
    op.add_column("examples", sa.Column("unedited", sa.Text(), nullable=True))
