"""How places in JSON are written, and read in whichever way a person writes them."""

from __future__ import annotations

import pytest

from understudy.store.json_paths import json_path, read_json_path


@pytest.mark.parametrize(
    ("names", "path"),
    [
        ([], "$"),
        (["user", "ssn"], "$.user.ssn"),
        (["cards", None, "number"], "$.cards[*].number"),
        (["a.b", "c d", ""], "$['a.b']['c d']['']"),
        (["*"], "$['*']"),
        (["a", "it's", "b"], "$.a"),
    ],
)
def test_a_path_names_a_place(names: list[str | None], path: str) -> None:
    assert json_path(names) == path
    if names and not any("'" in name for name in names if name):
        assert read_json_path(path) == path


@pytest.mark.parametrize(
    ("written", "path"), [("$['b']", "$.b"), ("$.a/b", "$['a/b']"), ("$['a'][*]['b-c']", "$.a[*].b-c")]
)
def test_what_is_written_in_another_way_is_the_same_place(written: str, path: str) -> None:
    assert read_json_path(written) == path


@pytest.mark.parametrize("text", ["", "$", "a.b", "$.*", "$.a[0]", "$.a..b", "$.a b", "$['a'b']"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a path in JSON"):
        read_json_path(text)
