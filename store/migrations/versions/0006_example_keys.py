"""The key of an example is its collection and its id: a file imported into two collections keeps its ids."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # The marks of promotion first: while they refer to examples, dropping the old table would empty them. They get no
    # new foreign key, for SQLite cannot set one column of a key to null; the repository does it.
    with op.batch_alter_table("promoted", recreate="always") as promoted:
        promoted.drop_constraint("fk_promoted_example_id", type_="foreignkey")
    op.drop_index("ix_examples_collection_id_id", "examples")
    with op.batch_alter_table("examples", recreate="always") as examples:
        examples.drop_constraint("pk_examples", type_="primary")
        examples.create_primary_key("pk_examples", ["collection_id", "id"])
