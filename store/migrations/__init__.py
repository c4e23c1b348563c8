"""Migrations of the schema, which Alembic runs, and what they do with rows."""
