"""The log of a running program through the thread that writes its lines: a terminal that stops delays no answer."""

from __future__ import annotations

import logging
from collections.abc import Callable


class LineHandler(logging.Handler):
    """A handler that gives each line of an event to `put`."""

    def __init__(self, put: Callable[[str], None]) -> None:
        super().__init__()
        self._put = put

    def emit(self, record: logging.LogRecord) -> None:
        """Give on the lines of an event."""
        for line in self.format(record).split("\n"):
            self._put(line)


def route_log(put: Callable[[str], None]) -> Callable[[], None]:
    """Give what is logged from now on to `put`, in the form that it has; return what ends that."""
    root = logging.getLogger()
    before = root.handlers
    handler = LineHandler(put)
    handler.setFormatter(before[0].formatter if before else None)
    root.handlers = [handler]

    def end() -> None:
        root.handlers = before

    return end
