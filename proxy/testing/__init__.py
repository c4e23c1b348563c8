"""Mock servers and replayed sessions inside a test run: the pytest plugin and what it stands on."""
