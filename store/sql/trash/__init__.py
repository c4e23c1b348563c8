"""The trash in SQL: what was deleted, how it gets there and back, and how it ends."""
