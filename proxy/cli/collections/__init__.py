"""Commands about collections, examples and environments."""
