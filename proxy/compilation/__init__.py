"""Compile what a mock server or a session answers from: read it from the store, and build its index."""
