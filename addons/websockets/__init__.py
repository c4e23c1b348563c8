"""WebSockets: those that pass, read beside and kept, and those that are replayed."""
