"""The log of a running gateway: losses and misses, each request if verbose, never bodies or queries."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from understudy.serving.seen_calls import CALL_LOGGER
from understudy.store.model.naming import escape_controls, escape_unprintable
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor

LOGGER_NAME = "understudy"


class LineFormatter(logging.Formatter):
    """A formatter that removes secrets and all that is not printable, also from tracebacks.

    A message stays on its line, whatever names and addresses from outside it holds: mitmproxy logs them too.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__("%(asctime)s %(levelname).1s %(message)s", "%H:%M:%S")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of an event."""
        return escape_controls(self._redact(super().format(record)))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name in logging
        """Return the line without the traceback that may follow it."""
        return escape_unprintable(self._redact(super().formatMessage(record)))


def configure_logging(*, verbose: bool, redactor: Redactor = BUILT_IN_REDACTOR) -> None:
    """Log to stderr: our own events, one line each, and errors of mitmproxy."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(redactor.redact_text))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.ERROR)
    # It logs that a port is taken, which we report ourselves.
    logging.getLogger("mitmproxy.addons.proxyserver").setLevel(logging.CRITICAL)
    # A gateway has lines for calls instead.
    logging.getLogger(CALL_LOGGER).setLevel(logging.CRITICAL)
    logging.getLogger(LOGGER_NAME).setLevel(logging.INFO if verbose else logging.WARNING)
