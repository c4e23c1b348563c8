"""From an example to the bytes of a response."""
