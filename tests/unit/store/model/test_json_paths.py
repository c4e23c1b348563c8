"""JSON paths are written in one form, and read in all forms."""

from __future__ import annotations

import pytest

from understudy.store.model.json_paths import ANY_INDEX, JsonPath, format_json_path, parse_json_path


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ((), "$"),
        (("user", "ssn"), "$.user.ssn"),
        (("cards", ANY_INDEX, "number"), "$.cards[*].number"),
        (("a", 0), "$.a[0]"),
        (("a.b", "c d", ""), "$['a.b']['c d']['']"),
        (("*",), "$['*']"),
        (("a", "it's", "b"), "$.a['it''s'].b"),
    ],
)
def test_a_path_is_written_in_its_normal_form_and_read_back(place: JsonPath, path: str) -> None:
    assert format_json_path(place) == path
    assert parse_json_path(path) == place


@pytest.mark.parametrize(
    ("text", "path"),
    [("$['b']", "$.b"), ("$.a/b", "$['a/b']"), ("$['a'][*]['b-c']", "$.a[*].b-c"), ("$.a b", "$['a b']")],
)
def test_other_forms_of_a_path_are_read(text: str, path: str) -> None:
    assert format_json_path(parse_json_path(text)) == path


@pytest.mark.parametrize("text", ["", "a.b", "$.a..b", "$['a'b']", "$.", "$a", "$.a[x]", "$.a["])
def test_text_that_is_not_a_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a JSON path"):
        parse_json_path(text)
