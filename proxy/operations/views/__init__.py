"""The JSON shapes of everything that operations return: one module per noun, for the command line and the API."""
