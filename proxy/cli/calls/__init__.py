"""The lines that running programs print for each call: their options, their text, and where they go."""
