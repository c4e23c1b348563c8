"""The servers that are measured side by side, one module each: where it comes from, and how it is set up."""
