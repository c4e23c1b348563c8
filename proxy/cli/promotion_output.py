"""How the outcome of a promotion is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.output import counted
from understudy.store.model.naming import escape_unprintable

if TYPE_CHECKING:
    from understudy.proxy.operations.recordings.promotion import PromotionOutcome


SHOWN_SKIPPED = 10


def print_outcome(collection: str, outcome: PromotionOutcome) -> None:
    """Say what a promotion did, what was left out, and what was redacted."""
    from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

    new = f"{counted(outcome.examples, 'new example')}, {counted(outcome.items, 'new request')}"
    click.echo(f"Promoted to {collection}: {new}.")
    notes = {
        "promoted before": outcome.already,
        "with the same answer as the one before, kept once": outcome.identical,
        "replaced by a newer one": outcome.replaced,
    }
    for note, number in notes.items():
        if number:
            click.echo(f"  {number} {note}")
    for exchange, reason in outcome.skipped[:SHOWN_SKIPPED]:
        path = escape_unprintable(BUILT_IN_REDACTOR.redact_text(exchange.request.path.decode("latin-1")))
        click.echo(f"  skipped entry {exchange.id}, {exchange.request.method} {path}: {reason}")
    if len(outcome.skipped) > SHOWN_SKIPPED:
        click.echo(f"  and {len(outcome.skipped) - SHOWN_SKIPPED} more were skipped")
    note = redaction_note(outcome)
    if note:
        click.echo(note)


def redaction_note(outcome: PromotionOutcome) -> str:
    """A line that says what was redacted; "" when nothing was."""
    from understudy.store.redaction.report import describe_redaction

    if not outcome.in_requests and not outcome.in_responses:
        return ""
    return f"  redacted: {describe_redaction(outcome.in_requests, outcome.in_responses)} (--keep-secrets keeps them)"


def outcome_json(collection: str, outcome: PromotionOutcome) -> dict[str, Any]:
    """What a promotion did, as JSON."""
    return {
        "collection": collection,
        "selected": outcome.selected,
        "new_requests": outcome.items,
        "new_examples": outcome.examples,
        "replaced": outcome.replaced,
        "identical": outcome.identical,
        "promoted_before": outcome.already,
        "skipped": [{"id": exchange.id, "reason": reason} for exchange, reason in outcome.skipped],
        "redacted_in_requests": {f"{one.part} {one.name}": n for one, n in sorted(outcome.in_requests.items())},
        "redacted_in_responses": {f"{one.part} {one.name}": n for one, n in sorted(outcome.in_responses.items())},
    }
