"""Values for tests, with sensible defaults."""
