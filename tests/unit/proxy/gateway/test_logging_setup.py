"""Lines of the log."""

from __future__ import annotations

import logging

from understudy.proxy.gateway.logging_setup import LineFormatter
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.rules import Rules

KEY = "sk-" + "a1B2c3D4e5" * 3


def test_secrets_are_removed_from_lines_and_tracebacks() -> None:
    """By the rules of the store too, and for every logger."""
    formatter = LineFormatter(Redactor(Rules.of(patterns=["tok_[a-z]+"])).redact_text)
    try:
        raise ValueError(f"bad key {KEY}")
    except ValueError as error:
        told = (type(error), error, error.__traceback__)
    line = formatter.format(logging.LogRecord("x", logging.ERROR, "", 1, "at %s", (f"/{KEY}/tok_abc",), told))
    assert "E at /REDACTED/REDACTED\n" in line
    assert "bad key REDACTED" in line
    assert KEY not in line


def test_a_message_stays_on_its_line_and_a_traceback_has_no_control_characters() -> None:
    """Those of mitmproxy have names and addresses from outside in them, too."""
    hostile = "x\n12:00:00 E forged\x1b]0;title\x07\u202e\x9b2J"
    try:
        raise ValueError(hostile)
    except ValueError as error:
        raised = (type(error), error, error.__traceback__)
    written = LineFormatter(str).format(logging.LogRecord("mitmproxy", logging.ERROR, "", 1, hostile, (), raised))
    first, *others = written.split("\n")
    assert first.endswith("E x%0A12:00:00 E forged%1B]0;title%07%E2%80%AE%C2%9B2J")
    assert others
    assert all(line.isprintable() for line in (first, *others))
