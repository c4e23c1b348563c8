"""Tests of the sets of settings that the product uses."""

from __future__ import annotations

import pytest

from understudy.matcher.settings import (
    POSTMAN,
    STRICT,
    MatchSettings,
    QueryRule,
    settings_from_matching,
)
from understudy.store.model.mock_servers import Matching
from understudy.store.model.values import replace

PUBLIC = frozenset({"x-understudy-key"})


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


@pytest.mark.parametrize("name", ["ids", "distance"])
@pytest.mark.parametrize(("setting", "recorded", "others"), [(None, False, True), (True, True, True), (False,) * 3])
def test_ids_and_distance_are_decided_by_each_example_or_for_all(
    name: str, setting: bool | None, recorded: bool, others: bool
) -> None:
    """Without a setting, an example whose path is as it was recorded is found by neither."""
    settings = settings_from_matching(Matching(**{name: setting}))  # type: ignore[arg-type]  # a table of settings
    uses = settings.uses_ids if name == "ids" else settings.uses_distance
    assert (uses(recorded=True), uses(recorded=False)) == (recorded, others)


def test_an_exact_path_is_found_by_neither() -> None:
    """A replay takes no liberty, whatever else is set."""
    settings = MatchSettings(ids=True, distance=True, exact_path=True)
    assert not settings.uses_ids(recorded=False)
    assert not settings.uses_distance(recorded=False)


def test_a_mock_server_has_its_own_settings() -> None:
    """The settings of a mock server become match settings."""
    compared = {"headers": frozenset({"a"}), "wildcards": False, "ids": False, "subset": True}
    ignored = {f"ignore_{what}": frozenset({what}) for what in ("query", "headers", "body")}
    matching = Matching(body="require", query="require", **compared, **ignored)  # type: ignore[arg-type]  # a table of settings
    expected = replace(POSTMAN, body=True, query=QueryRule.REQUIRE, key_headers=PUBLIC, **compared, **ignored)
    assert settings_from_matching(matching) == expected


@pytest.mark.parametrize(("private", "compared"), [(True, ()), (False, ("x-api-key",))])
def test_the_key_of_a_private_mock_server_is_not_compared(private: bool, compared: tuple[str, ...]) -> None:
    """A private mock server never compares its key; a public one compares `x-api-key` as a header of the API."""
    matching = Matching(headers=frozenset({"X-Api-Key", "X-Understudy-Key"}))
    assert settings_from_matching(matching, private=private).list_compared_headers() == compared
