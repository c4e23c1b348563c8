"""Response templates and their values."""
