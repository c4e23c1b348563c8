"""Lines of the log."""

from __future__ import annotations

import logging

from understudy.proxy.gateway.logging_setup import RedactingFormatter
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.rules import Rules

KEY = "sk-" + "a1B2c3D4e5" * 3


def test_secrets_are_removed_from_lines_and_tracebacks() -> None:
    """By the rules of the store too, and for every logger."""
    formatter = RedactingFormatter(Redactor(Rules.of(patterns=["tok_[a-z]+"])).redact_text)
    try:
        raise ValueError(f"bad key {KEY}")
    except ValueError as error:
        told = (type(error), error, error.__traceback__)
    line = formatter.format(logging.LogRecord("x", logging.ERROR, "", 1, "at %s", (f"/{KEY}/tok_abc",), told))
    assert "E at /REDACTED/REDACTED\n" in line
    assert "bad key REDACTED" in line
    assert KEY not in line
