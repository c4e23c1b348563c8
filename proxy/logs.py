"""What a running gateway prints: losses and misses always, each request when asked; never bodies or queries."""

from __future__ import annotations

import logging
import sys

OURS = ("store", "matcher", "serving", "addons", "proxy")


def configure_logging(*, verbose: bool) -> None:
    """Send our own log to stderr, one line an event, and of mitmproxy's what went wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.ERROR)
    # It says in its own words that a port is taken; we say it in ours.
    logging.getLogger("mitmproxy.addons.proxyserver").setLevel(logging.CRITICAL)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.WARNING)
