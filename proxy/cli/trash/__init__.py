"""Commands that delete, and the one that undoes it."""
