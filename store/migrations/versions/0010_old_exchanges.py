"""The table of exchanges of before 0009 is dropped: each of them has been moved."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    [left] = op.get_bind().exec_driver_sql("select count(*) from old_exchanges").one()
    if left:
        raise RuntimeError(f"{left} exchanges are not moved to the tables of 0009")
    op.drop_table("old_exchanges")
