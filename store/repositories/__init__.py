"""What a store promises: one protocol for each kind of thing."""
