"""What a mock server answers."""
