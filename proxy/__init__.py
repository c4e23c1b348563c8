"""The programs and what they offer: operations, gateway, mock server, command line. It may import everything below.

In mitmproxy, `proxy` is the inner engine; here it is the outer shell.
"""
