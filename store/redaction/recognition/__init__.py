"""What secrets look like, where their names stand, and what shows another meaning."""
