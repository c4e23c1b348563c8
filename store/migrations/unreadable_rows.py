"""Rows with values that no Understudy wrote, such as JSON that is cut: an upgrade names them in one line."""

from __future__ import annotations

from msgspec import MsgspecError

UNREADABLE = (ValueError, TypeError, LookupError, MsgspecError)
"""What the conversion of such a row raises."""

REASON_CHARACTERS = 200


def describe_reason(error: Exception) -> str:
    """Return the text of an error in one line that is not too long."""
    line = " ".join(str(error).split())
    return line if len(line) <= REASON_CHARACTERS else f"{line[:REASON_CHARACTERS]}..."
