"""Random values of a run: with a seed, equal in every run."""

from __future__ import annotations

from understudy.serving.templates.randomness import RandomSource


def draws(chance: RandomSource, *keys: str) -> list[tuple[str, float]]:
    return [(key, chance.next(key).random()) for key in keys]


def test_seed_makes_runs_alike() -> None:
    """The n-th answer of an example gets the same values, whatever other requests there are."""
    first = draws(RandomSource(lambda: 0, seed=7), "a", "a", "b")
    second = draws(RandomSource(lambda: 0, seed=7), "b", "a", "c", "a")
    assert sorted(first) == sorted(draw for draw in second if draw[0] != "c")
    assert first[0] != first[1]


def test_other_seed_other_values() -> None:
    """Different seeds have different values."""
    assert draws(RandomSource(lambda: 0, seed=7), "a") != draws(RandomSource(lambda: 0, seed=8), "a")


def test_without_seed_runs_differ() -> None:
    """Without a seed, no run repeats another."""
    assert draws(RandomSource(lambda: 0), "a") != draws(RandomSource(lambda: 0), "a")


def test_returns_the_time() -> None:
    """The time is that of its clock."""
    assert RandomSource(lambda: 12.5).now() == 12.5
