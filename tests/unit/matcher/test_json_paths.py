"""JSON paths; more lies in test_json_forms.py."""

from __future__ import annotations

from matcher.json_paths import json_place, wild_texts


def test_wild_texts() -> None:
    """Where a text is a single {{name}}, however odd the names on the way; the paths can be read."""
    value = {"a": ["{{x}}", "b{{x}}"], "it's": {"a.b": "{{y}}"}, "": "{{z}}"}
    paths = list(wild_texts(value))
    assert paths == ["$.a[0]", "$['it''s']['a.b']", "$['']"]
    assert [json_place(path) for path in paths] == [("a", 0), ("it's", "a.b"), ("",)]
