"""A path as a log tells it: without its query and secrets that show by their looks, on one line of bounded length."""

from __future__ import annotations

from understudy.store.model.naming import escape_unprintable
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

LONGEST_PATH = 500  # bytes: a client may send 64 KB, and whoever reads the log may be slow


def format_log_path(target: bytes) -> str:
    """The path of a target."""
    path = target[: 2 * LONGEST_PATH].partition(b"?")[0]
    text = BUILT_IN_REDACTOR.redact_text(path.decode("utf-8", "backslashreplace"))
    return escape_unprintable(text if len(text) <= LONGEST_PATH else f"{text[:LONGEST_PATH]}…")
