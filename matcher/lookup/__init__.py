"""How the candidates for a request are found."""
