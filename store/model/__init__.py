"""What an exchange, a collection, an example and a mock server are."""
