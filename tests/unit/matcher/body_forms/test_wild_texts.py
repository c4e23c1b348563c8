"""Tests of texts with wildcards, and of values that contain such texts."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.json_forms import parse_json_exact
from understudy.matcher.body_forms.open_places import Mark
from understudy.matcher.body_forms.wild_texts import (
    WildPairs,
    WildText,
    find_wild_leaves,
    fits_value,
    mark_wild_texts,
    parse_wild_text,
)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a{{x}}", "a", True),
        ("a{{x}}", "abc", True),
        ("a{{x}}", "b", False),
        ("{{x}}c", "abc", True),
        ("{{x}}c", "cb", False),
        ("a{{x}}a", "a", False),
        ("a{{x}}a", "aa", True),
        ("{{x}}-{{y}}", "1-2", True),
        ("{{x}}-{{y}}", "12", False),
        ("a{{x}}b{{y}}c", "a1b2bc", True),
        ("a{{x}}b{{y}}c", "acb", False),
        ("a{{x}}bb{{y}}b", "abbb", True),
        ("a{{x}}bb{{y}}b", "abb", False),
        ("{{x}}\n{{y}}", "a\nb", True),
    ],
)
def test_text_with_wildcards(pattern: str, text: str, fits: bool) -> None:
    """Each wildcard stands for any text; the literals stand in their order and do not overlap."""
    parsed = parse_wild_text(pattern)
    assert isinstance(parsed, WildText)
    assert parsed.fits(text) is fits


@pytest.mark.parametrize("text", ["", "a", "{{}}", "{x}", "{{a{b}}"])
def test_text_without_wildcards(text: str) -> None:
    """A wildcard has a name between two pairs of braces; another text stays."""
    assert parse_wild_text(text) == text


@pytest.mark.parametrize(
    ("mine", "theirs", "equal", "contained"),
    [
        ('{"a": "x{{n}}"}', '{"a": "xy"}', True, True),
        ('{"a": "x{{n}}"}', '{"a": "y"}', False, False),
        ('{"a": "x{{n}}"}', '{"a": 1}', False, False),
        ('{"a": "{{n}}"}', '{"a": [1]}', True, True),
        ('{"a": "{{n}}"}', "{}", False, False),
        ('{"a":1}', '{"a":1,"b":2}', False, True),
        ('{"a":1,"b":2}', '{"a":1}', False, False),
        ("[1,2]", "[1,2]", True, True),
        ("[1]", "[1,2]", False, False),
        ("1", "1.0", True, True),
        ("1", "true", False, False),
        ("null", "{}", False, False),
        ("[]", "{}", False, False),
    ],
)
def test_values(mine: str, theirs: str, equal: bool, contained: bool) -> None:
    """Values are equal by their parts; a containing one may have more members in its objects, and nothing else."""
    one, other = mark_wild_texts(parse_json_exact(mine.encode())), parse_json_exact(theirs.encode())
    assert fits_value(one, other) is equal
    assert fits_value(one, other, contains=True) is contained


def test_open_place_fits_any_value() -> None:
    """An open place fits any value that exists."""
    mine = parse_json_exact(b'{"a":1}', {"$.a": Mark.ANY})
    assert fits_value(mine, parse_json_exact(b'{"a":[]}'))
    assert not fits_value(mine, parse_json_exact(b"{}"))


def make_pairs(*pairs: str) -> WildPairs:
    """Return the pairs of a form, written as name=value."""
    split = [pair.partition("=")[::2] for pair in pairs]
    return WildPairs(tuple((name, parse_wild_text(value)) for name, value in split))


@pytest.mark.parametrize(
    ("mine", "theirs", "equal", "contained"),
    [
        (("a=1{{x}}", "b=2"), ("b=2", "a=12"), True, True),
        (("a=1{{x}}",), ("a=2",), False, False),
        (("a=1{{x}}", "a={{y}}2"), ("a=12", "a=1"), True, True),
        (("a=1{{x}}", "a={{y}}2"), ("a=1", "a=1"), False, False),
        (("a={{x}}", "a=1"), ("a=1", "a=5"), True, True),
        (("a={{x}}", "a=1"), ("a=2", "a=5"), False, False),
        (("a=1",), ("a=1", "b=1"), False, True),
        (("a={{x}}",), ("a=1", "a=2"), False, True),
        (("a=1", "a=1"), ("a=1",), False, False),
    ],
)
def test_pairs(mine: tuple[str, ...], theirs: tuple[str, ...], equal: bool, contained: bool) -> None:
    """Each value of a name has a partner of its own, in any order."""
    one, other = make_pairs(*mine), make_pairs(*theirs)
    assert one.fits(other, contains=False) is equal
    assert one.fits(other, contains=True) is contained


def test_names_that_differ() -> None:
    """The names without partners are listed, those of the example first."""
    assert make_pairs("a={{x}}", "b=1", "c=x{{y}}").list_differing_names(make_pairs("a=9", "d=1", "c=y")) == [
        "b",
        "c",
        "d",
    ]


def test_leaves() -> None:
    """The texts with wildcards are found in lists, objects and forms."""
    tree = mark_wild_texts([{"a": "{{x}}", "b": "c"}, "d{{y}}"])
    assert len(list(find_wild_leaves([tree, make_pairs("a={{x}}", "b=1")]))) == 3
