"""Completion of commands, options and names in shells, by click; nothing here is imported but to complete."""
