"""JSON paths; more lies in test_json_forms.py."""

from __future__ import annotations

import pytest

from understudy.matcher.json_paths import differing_paths, json_place, wild_texts


def test_wild_texts() -> None:
    """Where a text is a single {{name}}, however odd the names on the way; the paths can be read."""
    value = {"a": ["{{x}}", "b{{x}}"], "it's": {"a.b": "{{y}}"}, "": "{{z}}"}
    paths = list(wild_texts(value))
    assert paths == ["$.a[0]", "$['it''s']['a.b']", "$['']"]
    assert [json_place(path) for path in paths] == [("a", 0), ("it's", "a.b"), ("",)]


@pytest.mark.parametrize(
    ("one", "other", "paths"),
    [
        ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}, []),
        ({"a": 1, "b": {"c": 2}}, {"a": 2, "b": {"c": 3}}, ["$.a", "$.b.c"]),
        ({"a": 1}, {"b": 1}, ["$.a", "$.b"]),
        ({"a b": [1, 2, 3]}, {"a b": [1, 4]}, ["$['a b'][1]", "$['a b'][2]"]),
        ({"a": {"b": 1}}, {"a": [1]}, ["$.a"]),
        ([1], {}, ["$"]),
    ],
)
def test_where_documents_differ(one: object, other: object, paths: list[str]) -> None:
    assert list(differing_paths(one, other)) == paths
