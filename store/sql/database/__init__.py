"""The database: engine, transactions, schema and tables."""
