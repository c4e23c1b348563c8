"""Tests of forms and multipart bodies; more are in test_canonical.py."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.forms import (
    MAX_HEAD,
    MAX_PAIRS,
    MAX_PARTS,
    canonicalize_form,
    canonicalize_multipart,
    find_wild_parts,
)
from understudy.matcher.body_forms.open_places import Mark

KIND = "multipart/form-data; boundary=x"


def make_parts(*contents: str) -> bytes:
    """Return a body of one field per content, named a, b, a."""
    fields = (
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{content}\r\n'
        for name, content in zip("aba", contents, strict=False)
    )
    return ("".join(fields) + "--x--").encode()


def test_form_is_written_sorted_and_escaped() -> None:
    """The canonical form is sorted and escaped, with marks for open values."""
    assert canonicalize_form(b"b=%26&a=1&p=x", {"p": Mark.REDACTED}) == b"a=1&b=%26&p=[redacted]"


def test_ignored_pairs_are_left_out() -> None:
    """An ignored pair may have any value, be repeated, or be missing."""
    assert canonicalize_form(b"n=1&a=1&n=2", {"n": Mark.IGNORED}) == b"a=1"


def test_ignored_parts_are_left_out() -> None:
    """An ignored part may hold anything, be repeated, or be missing."""
    marks = {"a": Mark.IGNORED}
    assert canonicalize_multipart(make_parts("1", "2", "3"), KIND, marks) == canonicalize_multipart(
        make_parts("5", "2"), KIND, marks
    )


@pytest.mark.parametrize(("count", "fits"), [(MAX_PAIRS, True), (MAX_PAIRS + 1, False)])
def test_pairs_are_bounded(count: int, fits: bool) -> None:
    """A form with too many pairs raises ValueError."""
    body = b"&" * count
    if fits:
        assert canonicalize_form(body, {}) == b""
    else:
        with pytest.raises(ValueError, match="pairs"):
            canonicalize_form(body, {})


@pytest.mark.parametrize(("count", "fits"), [(MAX_PARTS, True), (MAX_PARTS + 1, False)])
def test_parts_are_bounded(count: int, fits: bool) -> None:
    """A multipart body with too many parts raises ValueError."""
    body = b"--x\r\n\r\n\r\n" * count + b"--x--"
    if fits:
        assert canonicalize_multipart(body, KIND, {}).count(b"\n") == count - 1
    else:
        with pytest.raises(ValueError, match="parts"):
            canonicalize_multipart(body, KIND, {})


def test_header_of_a_part_is_bounded() -> None:
    """A part with too long a header raises ValueError."""
    with pytest.raises(ValueError, match="header"):
        canonicalize_multipart(b"--x\r\n" + b"a:b\r\n" * MAX_HEAD + b"\r\n\r\n--x--", KIND, {})


def test_wild_parts() -> None:
    """A wild part is a single {{name}}, under a name that no other part has."""
    assert find_wild_parts(make_parts("1", "{{x}}"), KIND) == {"b"}
    assert find_wild_parts(make_parts("{{x}}", "x{{x}}", "1"), KIND) == frozenset()
