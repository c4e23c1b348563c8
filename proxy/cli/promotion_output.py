"""How the outcome of a promotion is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.proxy.cli.output import counted
from understudy.proxy.cli.terminal_text import print_line
from understudy.store.model.naming import escape_unprintable

if TYPE_CHECKING:
    from understudy.proxy.operations.recordings.promotion import PromotionOutcome


SHOWN_SKIPPED = 10


def print_outcome(collection: str, outcome: PromotionOutcome) -> None:
    """Print what a promotion added, what it left out and why, and what was redacted."""
    from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

    new = f"{counted(outcome.examples, 'new example')}, {counted(outcome.items, 'new request')}"
    print_line(f"Promoted to {collection}: {new}.")
    notes = {
        "promoted before": outcome.already,
        "with the same answer as the one before, kept once": outcome.identical,
        "replaced by a newer one": outcome.replaced,
    }
    for note, number in notes.items():
        if number:
            print_line(f"  {number} {note}")
    for exchange, reason in outcome.skipped[:SHOWN_SKIPPED]:
        path = escape_unprintable(BUILT_IN_REDACTOR.redact_text(exchange.request.path.decode("latin-1")))
        print_line(f"  skipped entry {exchange.id}, {exchange.request.method} {path}: {reason}")
    if len(outcome.skipped) > SHOWN_SKIPPED:
        print_line(f"  and {len(outcome.skipped) - SHOWN_SKIPPED} more were skipped")
    note = redaction_note(outcome)
    if note:
        print_line(note)


def redaction_note(outcome: PromotionOutcome) -> str:
    """Return a line that lists what was redacted; "" if nothing was."""
    from understudy.store.redaction.report import describe_redaction

    if not outcome.in_requests and not outcome.in_responses:
        return ""
    return f"  redacted: {describe_redaction(outcome.in_requests, outcome.in_responses)} (--keep-secrets keeps them)"
