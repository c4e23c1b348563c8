"""The gateway program."""
