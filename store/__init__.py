"""The data of Understudy: its types, its redaction, its repositories, and their implementation in SQL.

Importing this package or `store.model` loads the standard library only: SQLAlchemy comes with `store.sql`.
"""
