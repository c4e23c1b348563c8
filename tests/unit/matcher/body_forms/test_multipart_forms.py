"""Tests of multipart bodies; more are in test_canonical.py."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.body_trees import find_wild_parts
from understudy.matcher.body_forms.canonical import canonicalize
from understudy.matcher.body_forms.multipart_forms import MAX_HEAD, MAX_NESTING, MAX_PARTS, split_parts
from understudy.matcher.body_forms.open_places import Mark, Opening
from understudy.store.model.exchanges import Part

KIND = "multipart/form-data; boundary=x"


def make_parts(*contents: str) -> bytes:
    """Return a body of one field per content, named a, b, a."""
    fields = (
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{content}\r\n'
        for name, content in zip("aba", contents, strict=False)
    )
    return ("".join(fields) + "--x--").encode()


def test_ignored_parts_are_left_out() -> None:
    """An ignored part may hold anything, be repeated, or be missing."""
    places = frozenset({Opening(Part.FORM, "a", Mark.IGNORED)})
    assert canonicalize(make_parts("1", "2", "3"), KIND, places) == canonicalize(make_parts("5", "2"), KIND, places)


@pytest.mark.parametrize(("count", "fits"), [(MAX_PARTS, True), (MAX_PARTS + 1, False)])
def test_parts_are_bounded(count: int, fits: bool) -> None:
    """A multipart body with too many parts raises ValueError."""
    body = b"--x\r\n\r\n\r\n" * count + b"--x--"
    if fits:
        assert len(split_parts(body, KIND)) == count
    else:
        with pytest.raises(ValueError, match="parts"):
            split_parts(body, KIND)


def test_header_of_a_part_is_bounded() -> None:
    """A part with too long a header raises ValueError."""
    with pytest.raises(ValueError, match="header"):
        split_parts(b"--x\r\n" + b"a:b\r\n" * MAX_HEAD + b"\r\n\r\n--x--", KIND)


def test_wild_parts() -> None:
    """A wild part is a single {{name}}, under a name that no other part has."""
    assert find_wild_parts(make_parts("1", "{{x}}"), KIND) == {"b"}
    assert find_wild_parts(make_parts("{{x}}", "x{{x}}", "1"), KIND) == frozenset()


def make_part(content_type: str, content: str) -> bytes:
    """Return a body of one part with this Content-Type."""
    return f"--x\r\nContent-Type: {content_type}\r\n\r\n{content}\r\n--x--".encode()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("application/json", '{"a":1}'), ("text/json; charset=utf-8", '{ "a": 1.0 }'), True),
        (("application/json", '{"a":1}'), ("application/json", '{"a":2}'), False),
        (("application/json", '{"a":1}'), ("text/plain", '{"a":1}'), False),
        (("application/xml", "<a> <b/></a>"), ("text/xml", "<a><b/></a>"), True),
        (("text/csv", "a\nb"), ("text/csv", "a\r\nb"), True),
        (("image/png", "a\nb"), ("image/png", "a\r\nb"), False),
        (("application/json", ""), ("image/png", ""), True),
        (("application/json", "{"), ("application/json", "{ "), False),
    ],
)
def test_a_part_is_compared_by_its_own_type(one: tuple[str, str], other: tuple[str, str], same: bool) -> None:
    """The media type of a part decides how its content is compared."""
    forms = [canonicalize(make_part(*each), KIND) for each in (one, other)]
    assert (forms[0] == forms[1]) is same


def nest(depth: int, boundary: str, content: str = "1") -> tuple[str, str]:
    """Return the Content-Type and body of multipart bodies inside each other."""
    kind = "application/json"
    for level in range(depth):
        mark = f"{boundary}{level}"
        content = f"--{mark}\r\nContent-Type: {kind}\r\n\r\n{content}\r\n--{mark}--"
        kind = f"multipart/mixed; boundary={mark}"
    return kind, content


@pytest.mark.parametrize(("depth", "same"), [(2, True), (MAX_NESTING + 1, True), (MAX_NESTING + 2, False)])
def test_a_multipart_part_is_compared_by_its_parts(depth: int, same: bool) -> None:
    """Parts inside parts are compared as such, boundary free, down to a depth; below that, they are bytes."""
    one, other = (canonicalize(body.encode(), kind) for kind, body in (nest(depth, "x"), nest(depth, "y")))
    assert (one == other) is same
    assert one != canonicalize(nest(depth, "x", "2")[1].encode(), nest(depth, "x")[0])


@pytest.mark.parametrize(
    ("body", "count"), [(b"--y y\r\nA: b\r\n\r\n1\r\n--y y--", 1), (b"--y\nA: b\r\n\r\n1\r\n--y--", None), (b"y", None)]
)
def test_boundary_of_a_body_without_a_type(body: bytes, count: int | None) -> None:
    """Without Content-Type the first line shows the boundary."""
    if count is not None:
        assert len(split_parts(body, "")) == count
    else:
        with pytest.raises(ValueError, match="boundary"):
            split_parts(body, "")
