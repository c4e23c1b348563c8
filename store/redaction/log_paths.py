"""A path as a log tells it: without its query and secrets that show by their looks, on one line of bounded length."""

from __future__ import annotations

from understudy.store.model.naming import printable
from understudy.store.redaction.redactor import BUILT_IN

LONGEST_PATH = 500  # bytes: a client may send 64 KB, and whoever reads the log may be slow


def logged_path(target: bytes) -> str:
    """The path of a target."""
    path = target[: 2 * LONGEST_PATH].partition(b"?")[0]
    text = BUILT_IN.text(path.decode("utf-8", "backslashreplace"))
    return printable(text if len(text) <= LONGEST_PATH else f"{text[:LONGEST_PATH]}…")
