"""Load and odd requests for tests."""
