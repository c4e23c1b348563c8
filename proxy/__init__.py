"""The programs: command line, gateway, wiring. Knows everything below.

In mitmproxy, `proxy` is the inner engine; here it is the outer shell.
"""
