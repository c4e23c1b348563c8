"""Paths for logs: on one line of limited length, without the query and without secrets of a known form."""

from __future__ import annotations

from understudy.store.model.naming import escape_unprintable
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

LONGEST_PATH = 500
"""Characters of a path in a log: a client may send 64 KB."""


def format_log_path(target: bytes) -> str:
    """Return the path of a request target for a log line."""
    path = target[: 2 * LONGEST_PATH].partition(b"?")[0]
    text = BUILT_IN_REDACTOR.redact_text(path.decode("utf-8", "backslashreplace"))
    return escape_unprintable(text if len(text) <= LONGEST_PATH else f"{text[:LONGEST_PATH]}…")
