"""Tests of the sets of settings that the product uses."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example
from understudy.matcher.settings import (
    POSTMAN,
    PROMOTED,
    STRICT,
    MatchSettings,
    QueryRule,
    choose_default_settings,
    settings_from_matching,
)
from understudy.store.model.collections import Example
from understudy.store.model.mock_servers import Matching
from understudy.store.model.values import replace

PUBLIC = frozenset({"x-understudy-key"})
RECORDED, AUTHORED = make_example(), make_example(literal=False)


def test_postman_is_the_default() -> None:
    """The default settings are Postman's."""
    assert MatchSettings() == POSTMAN


def test_strict_takes_no_liberty() -> None:
    """Strict settings compare everything as it is."""
    assert (
        MatchSettings(
            wildcards=False,
            ids=False,
            distance=False,
            query=QueryRule.EXACT,
            ordered_query=True,
            body=True,
            host=True,
            exact_path=True,
            selectors=False,
        )
        == STRICT
    )


@pytest.mark.parametrize(("example", "usual"), [(RECORDED, PROMOTED), (AUTHORED, POSTMAN)])
def test_a_mock_server_has_the_defaults_of_its_examples(example: Example, usual: MatchSettings) -> None:
    """Distance is on only if no example was recorded, unless the mock server's settings decide."""
    assert settings_from_matching(Matching(), [example], private=True) == usual
    assert settings_from_matching(Matching(distance=True), [example]).distance
    assert not settings_from_matching(Matching(distance=False), [example]).distance


def test_a_mock_server_has_its_own_settings() -> None:
    """The settings of a mock server become match settings."""
    compared = {"headers": frozenset({"a"}), "wildcards": False, "ids": False, "subset": True}
    ignored = {f"ignore_{what}": frozenset({what}) for what in ("query", "headers", "body")}
    matching = Matching(body="require", query="require", **compared, **ignored)  # type: ignore[arg-type]
    expected = replace(PROMOTED, body=True, query=QueryRule.REQUIRE, key_headers=PUBLIC, **compared, **ignored)
    assert settings_from_matching(matching, [RECORDED]) == expected


@pytest.mark.parametrize(
    ("example", "distance"),
    [
        (RECORDED, False),
        (replace(RECORDED, literal=False, edited=True, fingerprint="f"), False),
        (AUTHORED, True),
        (replace(AUTHORED, edited=True), True),
    ],
)
def test_an_edited_recording_still_counts_as_recorded(example: Example, distance: bool) -> None:
    """An example with a fingerprint was recorded, whatever edits it has had since."""
    assert choose_default_settings([example]).distance is distance


@pytest.mark.parametrize(("private", "compared"), [(True, ()), (False, ("x-api-key",))])
def test_the_key_of_a_private_mock_server_is_not_compared(private: bool, compared: tuple[str, ...]) -> None:
    """A private mock server never compares its key; a public one compares `x-api-key` as a header of the API."""
    matching = Matching(headers=frozenset({"X-Api-Key", "X-Understudy-Key"}))
    assert settings_from_matching(matching, [], private=private).list_compared_headers() == compared
