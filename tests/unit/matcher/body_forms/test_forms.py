"""Tests of forms."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.forms import MAX_PAIRS, canonicalize_form
from understudy.matcher.body_forms.open_places import Mark


def test_form_is_written_sorted_and_escaped() -> None:
    """The canonical form is sorted and escaped, with marks for open values."""
    assert canonicalize_form(b"b=%26&a=1&p=x", {"p": Mark.REDACTED}) == b"a=1&b=%26&p=[redacted]"


def test_ignored_pairs_are_left_out() -> None:
    """An ignored pair may have any value, be repeated, or be missing."""
    assert canonicalize_form(b"n=1&a=1&n=2", {"n": Mark.IGNORED}) == b"a=1"


@pytest.mark.parametrize(("count", "fits"), [(MAX_PAIRS, True), (MAX_PAIRS + 1, False)])
def test_pairs_are_bounded(count: int, fits: bool) -> None:
    """A form with too many pairs raises ValueError."""
    body = b"&" * count
    if fits:
        assert canonicalize_form(body, {}) == b""
    else:
        with pytest.raises(ValueError, match="pairs"):
            canonicalize_form(body, {})
