"""Which content codings a client accepts (RFC 9110, section 12.5.3)."""

from __future__ import annotations

import pytest

from understudy.serving.answers.answer import can_accept


@pytest.mark.parametrize(
    ("accept", "coding", "accepted"),
    [
        (None, "gzip", True),
        ("", "gzip", False),
        ("gzip", "gzip", True),
        ("GZIP", "gzip", True),
        ("gzip", "GZip", True),
        ("gzip, br", "br", True),
        ("gzip,br", "br", True),
        (" gzip ,  br ", "br", True),
        ("gzip, , br", "br", True),
        ("br", "gzip", False),
        ("x-gzip", "br", False),
        ("gzip;q=1", "gzip", True),
        ("gzip; q=0.001", "gzip", True),
        ("gzip;Q=0", "gzip", False),
        ("gzip;q=0", "gzip", False),
        ("gzip; q=0.000", "gzip", False),
        ("gzip;q=nonsense", "gzip", False),
        ("gzip;level=9;q=0", "gzip", False),
        ("*", "gzip", True),
        ("*;q=0", "gzip", False),
        ("*;q=0, gzip", "gzip", True),
        ("*, gzip;q=0", "gzip", False),
        ("br, *;q=0.1", "gzip", True),
        ("gzip, br", "gzip, br", True),
        ("gzip", "gzip, br", False),
        ("gzip", None, True),
        ("", "", True),
        ("gzip", "identity", True),
        ("", "identity", True),
        ("identity;q=0", "identity", False),
        ("*;q=0", "identity", False),
        ("*;q=0, identity", "identity", True),
        ("gzip, identity;q=0.5", "identity", True),
    ],
)
def test_accepts(accept: str | None, coding: str | None, accepted: bool) -> None:
    assert can_accept(accept, coding) is accepted
