"""HTTP/1.1 messages as bytes: reading, framing and writing."""
