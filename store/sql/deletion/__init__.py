"""Deletions in pieces: of rows, of exchanges, of the full-text index, and of bodies that nothing uses."""
