"""The demo: the whole job once, with real processes and sockets. Run by `make demo`."""
