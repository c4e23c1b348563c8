"""Response templates and the values they take."""
