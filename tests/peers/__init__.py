"""Servers and proxies that tests talk to."""
