"""The upkeep of a store: its sizes, checks, pruning and the return of free pages."""
