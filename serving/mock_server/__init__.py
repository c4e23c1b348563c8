"""The answers of mock servers."""
