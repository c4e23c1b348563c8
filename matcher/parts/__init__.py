"""The comparison of each part of a request: path, query, headers, body."""
