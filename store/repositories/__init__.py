"""The contract of a store: one protocol for each kind of thing it holds."""
