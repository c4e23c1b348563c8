"""The look-ups that find the candidates for a request."""
