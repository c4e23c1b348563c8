"""The options that say how a session is replayed, and what is told at the end of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.hints import render_hint
from understudy.proxy.cli.output import counted
from understudy.store.model.naming import escape_unprintable

if TYPE_CHECKING:
    from understudy.proxy.gateway.replay_settings import ReplaySettings
    from understudy.serving.gateway.replay import Tally

MISSED = 3  # the exit code of a command that succeeded, but asked for what was not recorded
MOST_SHOWN, FEW_SHOWN = 20, 5  # of what makes a command fail, and of what does not


def replay_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of what replays a session."""
    options = (
        click.option("--once", is_flag=True, help="Give each recorded answer once; then the request is a miss."),
        click.option("--replay-failures", is_flag=True, help="Repeat connections that failed or broke off, too."),
        click.option("--ignore-query", metavar="NAME", multiple=True, help="A query parameter that does not count."),
        click.option("--ignore-json", metavar="PATH", multiple=True, help="A place in JSON that does not count: $.at"),
        click.option("--match-header", metavar="NAME|*", multiple=True, help="Compare this header, too; * is all."),
        click.option("--ignore-header", metavar="NAME", multiple=True, help="With --match-header '*', not this one."),
        click.option(
            "--miss",
            type=click.Choice(["404", "502", "close"]),
            default="404",
            show_default=True,
            help="Answer what was not recorded so, or close the connection.",
        ),
        click.option(
            "--timing",
            metavar="recorded|none|2x",
            default="recorded",
            show_default=True,
            help="How fast the pieces of replayed streams follow each other.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def replaying_of(options: Mapping[str, Any]) -> ReplaySettings:
    """How sessions are replayed, as the options say; raises UserError."""
    from understudy.proxy.gateway.replay_settings import LIST_SETTINGS, SINGLE_SETTINGS, parse_replay_settings

    return parse_replay_settings(
        **{name: options[name] for name in (*SINGLE_SETTINGS, *LIST_SETTINGS) if name in options}
    )


def summary(tally: Tally, *, verbose: bool) -> Iterator[str]:
    """The lines that say what of the session was not asked for, and then, to be seen, what a replay had no answer to.

    Of the former there are only a few unless `verbose`.
    """
    yield from _unused(tally, None if verbose else FEW_SHOWN)
    yield from _misses(tally)


def _unused(tally: Tally, most: int | None) -> Iterator[str]:
    unused = tally.unused_examples
    if unused:
        yield f"{len(unused)} of {counted(len(tally.examples), 'recorded exchange')} not used:"
    shown = unused[:most]
    for one in shown:
        yield escape_unprintable(f"  {one.method} {one.url} (entry {one.entry})")
    if len(shown) < len(unused):
        yield f"  and {len(unused) - len(shown)} more; --verbose lists all"


def _misses(tally: Tally) -> Iterator[str]:
    misses = tally.misses.total() + tally.further
    if misses:
        yield f"session {escape_unprintable(tally.session)} had no answer to {counted(misses, 'request')}:"
    shown = list(tally.misses.items())[:MOST_SHOWN]
    for missed, count in shown:
        times = f", {count} times" if count > 1 else ""
        reason = f": {missed.reason}" if missed.reason else ""
        hint = f"; {render_hint(missed.hint)}" if missed.hint else ""
        yield escape_unprintable(f"  {missed.method} {missed.url}{times}{reason}{hint}")
    left = misses - sum(count for _, count in shown)
    if left:
        yield f"  and {left} more"
