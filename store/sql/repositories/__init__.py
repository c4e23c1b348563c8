"""The store's promises, kept in SQL."""
