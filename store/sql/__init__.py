"""The protocols of `store.repositories` in SQL, by SQLAlchemy; the only package with queries."""
