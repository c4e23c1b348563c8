"""The options that say how a session is replayed, and what is told at the end of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from proxy.cli.output import counted
from store.naming import printable

if TYPE_CHECKING:
    from proxy.replaying import ReplaySettings
    from serving.replays import Tally

MISSED = 3  # the exit code of a command that succeeded, but asked for what was not recorded
MOST_SHOWN = 20


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
    from proxy.replaying import LISTS, SINGLE, replay_settings

    return replay_settings(**{name: options[name] for name in (*SINGLE, *LISTS) if name in options})


def summary(tally: Tally) -> Iterator[str]:
    """The lines that say what a replay had no answer to, and what of the session was not asked for."""
    misses = tally.misses.total() + tally.further
    if misses:
        yield f"{counted(misses, 'request')} not in session {printable(tally.session)}:"
    shown = list(tally.misses.items())[:MOST_SHOWN]
    for missed, count in shown:
        times = f", {count} times" if count > 1 else ""
        yield printable(f"  {missed.method} {missed.url}{times}{f': {missed.why}' if missed.why else ''}")
    yield from _further(misses - sum(count for _, count in shown))
    unused = tally.unused
    if unused:
        yield f"{len(unused)} of {counted(len(tally.examples), 'recorded exchange')} not used:"
    for one in unused[:MOST_SHOWN]:
        yield printable(f"  {one.method} {one.url} (entry {one.entry})")
    yield from _further(len(unused) - MOST_SHOWN)


def _further(number: int) -> Iterator[str]:
    if number > 0:
        yield f"  and {number} more"
