"""Near misses and runners-up come from a bounded number of candidates; their order is in tests/conformance."""

from __future__ import annotations

from matcher.asked import Asked
from matcher.candidate import Candidate
from matcher.nearest import Spread, near_misses
from matcher.scores import LOOKED_AT, NEAREST
from matcher.settings import POSTMAN
from tests.factories import make_example, make_request


def candidates(count: int) -> list[Candidate]:
    """So many, newest first."""
    made = [Candidate.of((make_example(f"/{number}x", id=f"{number:05d}"),), POSTMAN) for number in range(count)]
    return made[::-1]


def test_around_is_bounded() -> None:
    """However many there are."""
    asked = Asked(make_request(target="/nothing"), POSTMAN, ("GET",))
    assert len(Spread().changed((), candidates(LOOKED_AT + 1)).around(asked, ())) == LOOKED_AT


def test_what_fits_comes_first_and_once() -> None:
    """At most half of all: the rest shows what else there is."""
    every = candidates(10)
    asked = Asked(make_request(target="/nothing"), POSTMAN, ("GET",))
    around = Spread().changed((), every).around(asked, [every[3], every[3]])
    assert around[0] is every[3]
    assert len(around) == 10


def test_near_misses_are_few() -> None:
    """They fit a screen."""
    asked = Asked(make_request(target="/nothing"), POSTMAN, ("GET",))
    assert len(near_misses(candidates(10), asked)) == NEAREST
