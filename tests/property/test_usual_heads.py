"""What the quick way to read usual heads returns is what llhttp and the checks behind it return."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from tests.proofs import choose
from tests.traffic.mutated_heads import make_request_head, make_response_head
from understudy.serving.http1.heads import (
    RequestHead,
    ResponseHead,
    UpstreamProtocolError,
    read_any_request,
    read_any_response,
    read_usual_request,
    read_usual_response,
)

HEADS = choose(400_000, 10_000)
METHODS = ("GET", "HEAD", "POST")
# The odd heads show what is not usual; enough of both kinds have to be tried.
LEAST_SHARE = 0.02


def test_a_usual_request_is_what_llhttp_reads() -> None:
    chance = Random(9_112)
    usual = sum(check_request(make_request_head(chance)) for _ in range(HEADS))
    assert LEAST_SHARE < usual / HEADS < 1 - LEAST_SHARE


def test_a_usual_response_is_what_llhttp_reads() -> None:
    chance = Random(9_110)
    usual = sum(check_response(make_response_head(chance), chance.choice(METHODS)) for _ in range(HEADS))
    assert LEAST_SHARE < usual / HEADS < 1 - LEAST_SHARE


def check_request(raw: bytes) -> bool:
    """Return whether a head is usual; it is read alike then."""
    head = read_usual_request(raw)
    if head is not None:
        other = read_any_request(raw)
        assert isinstance(other, RequestHead), (raw, other)
        assert describe(head) == describe(other), raw
    return head is not None


def check_response(raw: bytes, method: str = "GET") -> bool:
    """Return whether a head is usual; it is read alike then."""
    head = read_usual_response(raw, method)
    if head is not None:
        try:
            other = read_any_response(raw, method)
        except UpstreamProtocolError as error:
            raise AssertionError((raw, error)) from None
        assert describe(head) == describe(other), (raw, method)
    return head is not None


def describe(head: RequestHead | ResponseHead) -> dict[str, object]:
    """All that is known of a head; framings are compared by their kind and their length."""
    known: dict[str, object] = {name: getattr(head, name) for name in head.__struct_fields__}
    return known | {"framing": (type(head.framing), head.framing.remaining)}


REQUEST = (
    b"GET /%(target)ba?%(query)ba HTTP/1.1\r\nHost: a%(host)ba\r\nX%(name)ba:%(first)b a%(value)ba%(last)b\r\n\r\n"
)
RESPONSE = b"HTTP/1.1 200 %(before)bO%(reason)bK%(behind)b\r\nX%(name)ba:%(first)b a%(value)ba%(last)b\r\n\r\n"
PLACES: list[tuple[Callable[[bytes], bool], bytes, bytes]] = [
    *(
        (check_request, REQUEST, place)
        for place in (b"target", b"query", b"host", b"name", b"first", b"value", b"last")
    ),
    *((check_response, RESPONSE, place) for place in (b"before", b"reason", b"behind", b"name", b"first", b"value")),
]
NOTHING = dict.fromkeys((place for _, _, place in PLACES), b"")


@pytest.mark.parametrize(
    ("check", "form", "place"), PLACES, ids=[f"{one.__name__}-{place!r}" for one, _, place in PLACES]
)
def test_each_pair_of_bytes_is_read_alike_at_each_place(
    check: Callable[[bytes], bool], form: bytes, place: bytes
) -> None:
    some = choose(range(256), (0, 9, 10, 13, 32, 47, 58, 97, 127, 128, 255))
    usual = [
        check(form % {**NOTHING, place: bytes(pair)})
        for first in range(256)
        for pair in [(first,), *((first, second) for second in some)]
    ]
    assert check(form % NOTHING)
    assert not all(usual)
