"""The contract of `store.repository` in SQLAlchemy; the only place with queries and row mapping."""
