"""Look up what a person typed, and shorten ids for people."""
