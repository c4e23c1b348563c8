"""Tests of canonical JSON."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.json_forms import MAX_DEPTH, canonicalize_json
from understudy.matcher.body_forms.open_places import Mark
from understudy.store.model.json_paths import ANY_INDEX, parse_json_path

BIG = b"9" * 5000


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a":1,"b":2}', b'{ "b": 2,\n "a": 1 }'),
        (b"1", b"1.0"),
        (b"100", b"1e2"),
        (b"0.5", b"5E-1"),
        (b"-0", b"0.0"),
        (b"0e9", b"0"),
        (b"120000", b"1.2e+5"),
        (b'"\\u00e9\\/"', '"é/"'.encode()),
        (b'{"a":1,"a":2}', b'{"a":2}'),
        (BIG, BIG + b".0"),
        (b"1", b"\xef\xbb\xbf1"),
        (b'"a"', '"a"'.encode("utf-16")),
    ],
)
def test_equal_values(one: bytes, other: bytes) -> None:
    """Spellings of one value have one canonical text."""
    assert canonicalize_json(one) == canonicalize_json(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"1", b"true"),
        (b"0", b"false"),
        (b"1", b'"1"'),
        (b"null", b'"null"'),
        (b"[1,2]", b"[2,1]"),
        (b"{}", b"[]"),
        (b'{"a":null}', b"{}"),
        (b"1", b"-1"),
        (b"10", b"1"),
        (b"9007199254740993", b"9007199254740992"),
        (b"0.1", b"0.1000000000000000055511151231257827"),
        (BIG, b"8" + BIG[1:]),
        (b'"a"', b'"A"'),
        (b'"[redacted]"', b"[]"),
        (b"1e400", b"1e401"),
    ],
)
def test_different_values(one: bytes, other: bytes) -> None:
    """Different values have different canonical texts."""
    assert canonicalize_json(one) != canonicalize_json(other)


@pytest.mark.parametrize("body", [b"{", b"NaN", b"[Infinity]", b"", b"01", b"\xff", b"1e" + BIG])
def test_text_that_is_not_json(body: bytes) -> None:
    """Other texts raise ValueError, also those that Python's parser accepts."""
    with pytest.raises(ValueError):
        canonicalize_json(body)


@pytest.mark.parametrize(("depth", "fits"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False), (100_000, False)])
def test_depth_is_limited(depth: int, fits: bool) -> None:
    """The limit of depth does not depend on the interpreter's."""
    body = b"[" * depth + b"]" * depth
    if fits:
        assert canonicalize_json(body) == body
        return
    with pytest.raises(RecursionError):
        canonicalize_json(body)


@pytest.mark.parametrize(
    ("path", "one", "other", "same"),
    [
        ("$.t", b'{"t":1,"a":2}', b'{"t":{},"a":2}', True),
        ("$.t", b'{"t":1,"a":2}', b'{"t":1,"a":3}', False),
        ("$.t", b'{"t":1}', b"{}", False),
        ("$.u.t", b'{"u":{"t":1}}', b'{"u":{"t":2}}', True),
        ("$.u.t", b'{"t":1}', b'{"t":2}', False),
        ("$.a[*].t", b'{"a":[{"t":1},{"t":2}]}', b'{"a":[{"t":3},{"t":4}]}', True),
        ("$.a[*].t", b'{"a":[{"t":1}]}', b'{"a":[{"t":3},{"t":4}]}', False),
        ("$.a[1]", b'{"a":[1,2]}', b'{"a":[1,3]}', True),
        ("$.a[1]", b'{"a":[1,2]}', b'{"a":[2,2]}', False),
        ("$['a.b']", b'{"a.b":1}', b'{"a.b":2}', True),
        ("$['']", b'{"":1}', b'{"":2}', True),
        ("$", b"1", b"[2]", True),
    ],
)
def test_open_places_match_any_value(path: str, one: bytes, other: bytes, same: bool) -> None:
    """An open place must exist, its value does not count."""
    marks = {path: Mark.ANY}
    assert (canonicalize_json(one, marks) == canonicalize_json(other, marks)) is same


def test_place_steps() -> None:
    """A path has names, numbers and any index as steps."""
    assert parse_json_path("$.a['b.c'][0][*]") == ("a", "b.c", 0, ANY_INDEX)


@pytest.mark.parametrize("path", ["", "a", "$a", "$.", "$.a[", "$.a..b", "$[x]"])
def test_bad_place(path: str) -> None:
    """The error quotes a path that cannot be read."""
    with pytest.raises(ValueError, match=r"expected a JSON path like \$\.user\.token, got"):
        parse_json_path(path)
