"""Tests of normal forms, ids and wildcards."""

from __future__ import annotations

import pytest

from understudy.matcher import normal_forms
from understudy.matcher.normal_forms import Wildcard


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"/%61%7E%2d", b"/a~-"),
        (b"/%2f", b"/%2F"),
        (b"/\xc3\xa9", b"/%C3%a9"),
        (b"/\xff", b"/%ff"),
        (b"/a b", b"/a%20b"),
        (b"/{x}", b"/%7Bx%7D"),
        (b"/100%", b"/100%25"),
        (b"/%%34%31", b"/%2541"),
        (b"http://one.test:80/a", b"/a"),
        (b"https://one.test", b"/"),
        (b"", b"/"),
    ],
)
def test_paths_with_one_normal_form(one: bytes, other: bytes) -> None:
    """Spellings of one path have one normal form."""
    assert normal_forms.normalize_path(one) == normal_forms.normalize_path(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"/a/b", b"/a%2Fb"),
        (b"/a", b"/A"),
        (b"/a", b"/a/"),
        (b"/a//b", b"/a/b"),
        (b"/a/../b", b"/b"),
        (b"/%41", b"/%2541"),
        (b"/a+b", b"/a%20b"),
        (b"/a\\b", b"/a/b"),
        (b"/\xff", b"/\xfe"),
    ],
)
def test_paths_with_different_normal_forms(one: bytes, other: bytes) -> None:
    """Paths that a server may distinguish have different normal forms."""
    assert normal_forms.normalize_path(one) != normal_forms.normalize_path(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"a+b=c+d", b"a%20b=c%20d"),
        (b"a", b"a="),
        (b"a=1&b=2", b"b=2&a=1"),
        (b"a=1&a=2", b"a=2&a=1"),
        (b"a=1&&b=2&", b"a=1&b=2"),
        (b"a=%2f", b"a=/"),
        (b"a=%zz", b"a=%25zz"),
        (b"", b"&"),
        (b"a=\xc3\xa9", b"a=%C3%A9"),
    ],
)
def test_queries_with_one_normal_form(one: bytes, other: bytes) -> None:
    """Spellings of one query have one normal form."""
    assert normal_forms.parse_query_pairs(one) == normal_forms.parse_query_pairs(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"a=1", b"a=1&a=1"),
        (b"a=1&b=2", b"a=1%26b=2"),
        (b"a=b", b"a%3Db"),
        (b"a=1", b"A=1"),
        (b"a=%2B", b"a=+"),
        (b"a", b""),
    ],
)
def test_queries_with_different_normal_forms(one: bytes, other: bytes) -> None:
    """Queries that a server may distinguish have different normal forms."""
    assert normal_forms.parse_query_pairs(one) != normal_forms.parse_query_pairs(other)


@pytest.mark.parametrize(
    "segment",
    [
        "7",
        "0",
        "123e4567-e89b-12d3-a456-426614174000",
        "123E4567-E89B-12D3-A456-426614174000",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "01arz3ndektsv4rrffq69g5fav",
        "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "deadbeefcafe",
        "507f1f77bcf86cd799439011",
        "cus_9s6XKzkNRiz8i3",
        "cus_abcde1",
        "order-1abcde",
    ],
)
def test_ids(segment: str) -> None:
    """Each kind of id is recognised, also at its shortest."""
    assert normal_forms.is_id(segment)


@pytest.mark.parametrize(
    "segment",
    [
        "v1",
        "v2",
        "",
        "users",
        "7a",
        "-7",
        "٣",  # a digit, but not one of ASCII
        "123e4567-e89b-12d3-a456-42661417400",
        "01ARZ3NDEKTSV4RRFFQ69G5FA",
        "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",  # more than 128 bits
        "01ARZ3NDEKTSV4RRFFQ69G5FAU",  # U is no letter of Crockford's
        "deadbeefcaf",
        "deadbeefcafg",
        "cus_abcdef",
        "cus_abcd1",
        "cus_abcde1_",
        "c1s_abcde1",
        "_abcde1",
        "cus.abcde1",
        "cus_ab-cde1",
        "7\n",
    ],
)
def test_no_ids(segment: str) -> None:
    """Segments that just miss being an id are not ids."""
    assert not normal_forms.is_id(segment)


def test_ids_are_replaced_by_one_mark() -> None:
    """All ids become one mark, other segments stay; a path without ids has no such form."""
    assert normal_forms.replace_ids("/a/7/b") == normal_forms.replace_ids("/a/42/b")
    assert normal_forms.replace_ids("/a/7/b") != normal_forms.replace_ids("/a/7/c")
    assert normal_forms.replace_ids("/a/7/b") != normal_forms.replace_ids("/a/%00/b")
    assert normal_forms.replace_ids("/a/b") is None


@pytest.mark.parametrize("path", ["/7/8/a", "7", "7/a/7", "/a7/7a", "/a/7/", "//7//", "", "/cus_9s6XKz/v2", "/7\n/8"])
def test_ids_are_whole_segments(path: str) -> None:
    """An id is recognised in any segment, the first and the last included."""
    marked = "/".join("\0" if normal_forms.is_id(segment) else segment for segment in path.split("/"))
    assert normal_forms.replace_ids(path) == (marked if "\0" in marked else None)


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        (b"{{n}}", Wildcard("n", "", "")),
        (b"{{ user id }}", Wildcard("user id", "", "")),
        (b":name", Wildcard("name", "", "")),
        (b":user-id", Wildcard("user-id", "", "")),
        (b"v{{n}}", Wildcard("n", "v", "")),
        (b"{{id}}.JSON", Wildcard("id", "", ".json")),
        (b"a%62{{n}}%2f", Wildcard("n", "ab", "%2f")),
        (b":id.json", Wildcard("id", "", ".json")),
        (b"{{a}}{{b}}", None),
        (b"{{}}", None),
        (b"{n}", None),
        (b"%7B%7Bn%7D%7D", None),
        (b"photos:list", None),
        (b":8080", None),
        (b":", None),
        (b"", None),
    ],
)
def test_wildcards(segment: bytes, expected: Wildcard | None) -> None:
    """A wildcard is written raw, at most once in a segment, with literals around it."""
    assert normal_forms.parse_wildcard(segment) == expected


@pytest.mark.parametrize(
    ("segment", "fits"),
    [("v7", True), ("v", False), ("7", False), ("v7.json", True), ("x7", False)],
)
def test_wildcard_stands_for_one_or_more_characters(segment: str, fits: bool) -> None:
    """A wildcard stands for at least one character beside its literals."""
    assert Wildcard("n", "v", "").fits(segment) is fits


def test_literals_do_not_overlap() -> None:
    """Prefix and suffix need a character between them."""
    assert not Wildcard("n", "ab", "b").fits("ab")


def test_capture_is_decoded() -> None:
    """A captured text is percent-decoded."""
    assert Wildcard("n", "v", ".json").capture("va%20b%2Fc.json") == "a b/c"


@pytest.mark.parametrize(("value", "wild"), [(b"{{a}}", True), (b"x{{a}}", False), (b":a", False), (b"", False)])
def test_wild_values(value: bytes, wild: bool) -> None:
    """A query value is a wildcard only as a whole."""
    assert normal_forms.is_wild_value(value) is wild


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        (b"{{a}}", ("", "")),
        (b"v%41{{a}}+x", ("vA", " x")),
        (b"{{a}}{{b}}", None),
        (b":a_b-1", ("", "")),
        (b":1", None),
        (b":a.b", None),
        (b":", None),
    ],
)
def test_wild_query_values(value: bytes, ends: tuple[str, str] | None) -> None:
    """In a query a wildcard stands between literals, and a name after a colon is one too, as a whole."""
    assert normal_forms.parse_wild_query_value(value) == ends


def test_folding_keeps_offsets() -> None:
    """Letters whose lower case is longer stay, so that offsets stay valid."""
    assert normal_forms.fold("ÀİΣ") == "àİσ"


def test_shown_text_cannot_steer_a_terminal() -> None:
    """Control characters and broken bytes are shown as escapes."""
    assert normal_forms.format_for_display("a\x1b[31m\n\udcff") == "a\\x1b[31m\\n\\xff"


@pytest.mark.parametrize("length", [119, 120, 121, 10_000])
def test_shown_text_is_short(length: int) -> None:
    """Shown text has at most 120 characters, and a mark where it is cut."""
    text = normal_forms.format_for_display("x" * length)
    assert len(text) == min(length, 120)
    assert text.endswith("…") is (length > 120)
