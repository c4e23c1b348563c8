"""What is printed at the end of a replay."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example
from understudy.proxy.cli.gateway.replay_output import FEW_SHOWN, MOST_SHOWN, summarize_replay
from understudy.serving.gateway.replay import Miss, Tally
from understudy.store.errors import Hint


def tally(misses: int = 0, unused: int = 0) -> Tally:
    """Return the tally of a replay with so many different misses and so many unused exchanges."""
    told = Tally()
    told.source = "session shop"
    told.examples = [make_example(f"/{number}", id=str(number), entry=number) for number in range(unused)]
    told.misses.update(Miss("GET", f"http://a/{number}", "path differs") for number in range(misses))
    return told


def lines(tally: Tally, *, verbose: bool = False) -> list[str]:
    return list(summarize_replay(tally, verbose=verbose))


def test_misses_come_last() -> None:
    """A reader of a CI log starts at its end."""
    headings = [line for line in lines(tally(misses=1, unused=1)) if not line.startswith(" ")]
    assert headings == ["1 of 1 recorded exchange not used:", "session shop had no answer to 1 request:"]


@pytest.mark.parametrize("more", [0, 2])
def test_a_few_unused_exchanges_are_listed(more: int) -> None:
    """With the option that lists all."""
    _, *told = lines(tally(unused=FEW_SHOWN + more))
    assert told[FEW_SHOWN:] == ([f"  and {more} more; --verbose lists all"] if more else [])
    assert told[0] == "  GET http://api.example.com/0 (entry 0)"


def test_verbose_lists_all_unused_exchanges() -> None:
    _, *told = lines(tally(unused=MOST_SHOWN + 1), verbose=True)
    assert [line.rpartition("(entry ")[2] for line in told] == [f"{one})" for one in range(MOST_SHOWN + 1)]


@pytest.mark.parametrize("more", [0, 3])
def test_most_misses_are_listed(more: int) -> None:
    """Each miss was also logged when it came."""
    _, *told = lines(tally(misses=MOST_SHOWN + more))
    assert told[MOST_SHOWN:] == ([f"  and {more} more"] if more else [])
    assert told[0] == "  GET http://a/0: path differs"


def test_a_miss_comes_with_the_hint_that_may_help() -> None:
    replay = tally()
    replay.misses[Miss("GET", "http://a/1", "it was recorded as failed (entry 1: reset)", Hint("replay_failures"))] = 2
    *_, line = lines(replay)
    assert line == (
        "  GET http://a/1, 2 times: it was recorded as failed (entry 1: reset); "
        "repeat the failure with --replay-failures"
    )


def test_a_complete_replay_prints_nothing() -> None:
    assert lines(tally()) == []
