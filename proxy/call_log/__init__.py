"""The call log of mock servers: one entry for each call, written, stored and read."""
