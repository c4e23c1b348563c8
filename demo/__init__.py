"""The demo: the whole workflow once, with real processes and sockets. Run by `make demo`."""
