"""The database itself: engine, transactions, schema, tables and bulk inserts."""
