"""How long programs take to start."""
