"""How one part of a request compares: path, query, headers, body."""
