"""The servers of the comparison, one module each: its installation and its configuration."""
