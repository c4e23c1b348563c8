"""What a running gateway prints: losses and misses always, each request when asked; never bodies or queries."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor

LOGGER_NAME = "understudy"


class RedactingFormatter(logging.Formatter):
    """Lines in which what looks like a secret is left out, wherever they come from, tracebacks too."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__("%(asctime)s %(levelname).1s %(message)s", "%H:%M:%S")
        self._text = redact

    def format(self, record: logging.LogRecord) -> str:
        """The line of an event."""
        return self._text(super().format(record))


def configure_logging(*, verbose: bool, redactor: Redactor = BUILT_IN_REDACTOR) -> None:
    """Send our own log to stderr, one line an event, and of mitmproxy's what went wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(redactor.redact_text))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.ERROR)
    # It says in its own words that a port is taken; we say it in ours.
    logging.getLogger("mitmproxy.addons.proxyserver").setLevel(logging.CRITICAL)
    logging.getLogger(LOGGER_NAME).setLevel(logging.INFO if verbose else logging.WARNING)
