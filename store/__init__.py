"""What an exchange, a collection, an example and a mock server are, and how they are kept.

Importing this package, or its domain modules, loads the standard library only: SQLAlchemy comes with `store.sql`.
"""
