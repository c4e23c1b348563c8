"""The programs: command line, gateway, wiring. Knows everything below. (mitmproxy's own `proxy` package is its inner engine; this is the outer shell.)"""
