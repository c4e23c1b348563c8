"""What replays of a session compare, kept with the session."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("replay", sa.Text(), nullable=True))
