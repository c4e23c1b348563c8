"""Explanations: why a request matched or not, by near misses, distances and differences."""
