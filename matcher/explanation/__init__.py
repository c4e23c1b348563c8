"""Why a request matched or not: near misses, distances and differences."""
