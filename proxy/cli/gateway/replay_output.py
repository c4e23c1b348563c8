"""What is printed at the end of a replay or a mock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from understudy.proxy.cli.hints import render_hint
from understudy.proxy.cli.output import counted
from understudy.store.model.naming import escape_unprintable

if TYPE_CHECKING:
    from understudy.serving.gateway.replay import Tally

MOST_SHOWN, FEW_SHOWN = 20, 5  # of misses, which make a command fail; of unused exchanges, which do not


def summarize_replay(tally: Tally, *, verbose: bool) -> Iterator[str]:
    """Yield lines about the exchanges that a replay did not use, then about the requests that it had no answer to.

    A mock has no exchanges to use.
    Only a few unused exchanges are listed unless `verbose`. The misses come last, where a reader of a log looks first.
    """
    yield from _list_unused(tally, None if verbose else FEW_SHOWN)
    yield from _list_misses(tally)


def _list_unused(tally: Tally, limit: int | None) -> Iterator[str]:
    unused = tally.unused_examples
    if unused:
        yield f"{len(unused)} of {counted(len(tally.examples), 'recorded exchange')} not used:"
    shown = unused[:limit]
    for one in shown:
        yield escape_unprintable(f"  {one.method} {one.url} (entry {one.entry})")
    if len(shown) < len(unused):
        yield f"  and {len(unused) - len(shown)} more; --verbose lists all"


def _list_misses(tally: Tally) -> Iterator[str]:
    misses = tally.misses.total() + tally.further
    if misses:
        yield f"{escape_unprintable(tally.source)} had no answer to {counted(misses, 'request')}:"
    shown = list(tally.misses.items())[:MOST_SHOWN]
    for missed, count in shown:
        times = f", {count} times" if count > 1 else ""
        reason = f": {missed.reason}" if missed.reason else ""
        hint = f"; {render_hint(missed.hint)}" if missed.hint else ""
        yield escape_unprintable(f"  {missed.method} {missed.url}{times}{reason}{hint}")
    left = misses - sum(count for _, count in shown)
    if left:
        yield f"  and {left} more"
