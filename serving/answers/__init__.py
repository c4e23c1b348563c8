"""The way from an example to the bytes of a response, for mock servers and gateways."""
