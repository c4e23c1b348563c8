"""The two sets of settings that the product uses."""

from __future__ import annotations

from matcher.settings import POSTMAN, STRICT, MatchSettings, QueryRule


def test_postman_is_the_default() -> None:
    """An authored collection matches as Postman does without being told."""
    assert MatchSettings() == POSTMAN


def test_strict_takes_no_liberty() -> None:
    """Replay compares everything as it is."""
    assert (
        MatchSettings(
            wildcards=False,
            ids=False,
            distance=False,
            query=QueryRule.REQUIRE,
            body=True,
            host=True,
            exact_path=True,
            selectors=False,
        )
        == STRICT
    )
