"""From the store to an index: what a mock server or a session answers from."""
