"""The contract of `store.repositories.store` in SQLAlchemy; the only place with queries and row mapping."""
