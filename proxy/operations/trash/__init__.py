"""Deletions: what they would take away, how they are done, and how they are undone."""
