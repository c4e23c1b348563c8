"""The mock server program."""
