"""The upkeep of a store."""
