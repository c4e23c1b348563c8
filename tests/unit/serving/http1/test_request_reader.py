"""Bytes read as requests: legal ones in any pieces, and refusals with their status."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traffic.malformed_requests import CHUNKED, HOST, REFUSED, UNKNOWN_METHODS, UPGRADE, chunks, get, post
from understudy.serving.http1.limits import Limits
from understudy.serving.http1.request_reader import ExpectContinue, RawRequest, RequestEvent, RequestReader
from understudy.serving.http1.rules import MalformedRequest

CLOSING = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def read(*pieces: bytes, limits: Limits | None = None) -> list[RequestEvent]:
    reader = RequestReader(limits) if limits else RequestReader()
    return [event for piece in pieces for event in reader.feed(piece)]


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[place : place + 1] for place in range(len(data))]


def summarize(event: RequestEvent) -> tuple[object, ...]:
    """Return the parts of a request that the tests compare."""
    assert isinstance(event, RawRequest), event
    return event.method, event.target, event.body, event.http_version, event.keep_alive


ONE_ONE, ONE_ZERO = "HTTP/1.1", "HTTP/1.0"
LEGAL = {
    "a get": (get(), ("GET", b"/", b"", ONE_ONE, True)),
    "empty lines before": (b"\r\n\r\n" + get(), ("GET", b"/", b"", ONE_ONE, True)),
    "empty host": (get(fields=b"Host:\r\n"), ("GET", b"/", b"", ONE_ONE, True)),
    "host with port": (get(fields=b"Host: a.b-c_d:80\r\n"), ("GET", b"/", b"", ONE_ONE, True)),
    "address as host": (get(fields=b"Host: [::1]:80\r\n"), ("GET", b"/", b"", ONE_ONE, True)),
    "connection close": (get(fields=HOST + b"Connection: close\r\n"), ("GET", b"/", b"", ONE_ONE, False)),
    "close among others": (get(fields=HOST + b"Connection: x, Close\r\n"), ("GET", b"/", b"", ONE_ONE, False)),
    "1.0": (get(version=b"HTTP/1.0"), ("GET", b"/", b"", ONE_ZERO, False)),
    "1.0 without host": (get(fields=b"", version=b"HTTP/1.0"), ("GET", b"/", b"", ONE_ZERO, False)),
    "1.0 kept alive": (
        get(fields=b"Connection: keep-alive\r\n", version=b"HTTP/1.0"),
        ("GET", b"/", b"", ONE_ZERO, True),
    ),
    "1.0 expects nothing": (
        b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
        ("POST", b"/", b"x", ONE_ZERO, False),
    ),
    "absolute form": (get(b"http://b:80/x?y"), ("GET", b"http://b:80/x?y", b"", ONE_ONE, True)),
    "absolute form, no path": (get(b"http://[::1]"), ("GET", b"http://[::1]", b"", ONE_ONE, True)),
    "asterisk form": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", ("OPTIONS", b"*", b"", ONE_ONE, True)),
    "authority form": (b"CONNECT b:443 HTTP/1.1\r\nHost: b\r\n\r\n", ("CONNECT", b"b:443", b"", ONE_ONE, True)),
    "a length": (post(b"Content-Length: 3", b"abc"), ("POST", b"/", b"abc", ONE_ONE, True)),
    "a length of zero": (post(b"Content-Length: 0"), ("POST", b"/", b"", ONE_ONE, True)),
    "spaces around a length": (post(b"Content-Length: \t3 ", b"abc"), ("POST", b"/", b"abc", ONE_ONE, True)),
    "a body of a get": (get(fields=HOST + b"Content-Length: 1\r\n") + b"x", ("GET", b"/", b"x", ONE_ONE, True)),
    "chunks": (chunks(b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"), ("POST", b"/c", b"abc", ONE_ONE, True)),
    "chunk sizes in hex": (chunks(b"00A\r\n0123456789\r\n000\r\n\r\n"), ("POST", b"/c", b"0123456789", ONE_ONE, True)),
    "chunk extensions": (chunks(b'2;a;b=c;d="e;f"\r\nab\r\n0;g\r\n\r\n'), ("POST", b"/c", b"ab", ONE_ONE, True)),
    "spaces behind chunk sizes": (
        chunks(b"2 \r\nab\r\n1  ;x\r\nc\r\n0 \r\n\r\n"),
        ("POST", b"/c", b"abc", ONE_ONE, True),
    ),
    "an upgrade": (get(fields=UPGRADE), ("GET", b"/", b"", ONE_ONE, True)),
    "an upgrade with a body": (
        b"POST / HTTP/1.1\r\n%sContent-Length: 3\r\n\r\nabc" % UPGRADE,
        ("POST", b"/", b"abc", ONE_ONE, True),
    ),
    "an upgrade with chunks": (
        b"POST / HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n" % UPGRADE,
        ("POST", b"/", b"a", ONE_ONE, True),
    ),
}


@pytest.mark.parametrize("name", LEGAL)
def test_a_legal_request_is_read(name: str) -> None:
    data, expected = LEGAL[name]
    assert [summarize(event) for event in read(data)] == [expected]


@pytest.mark.parametrize("name", LEGAL)
def test_a_legal_request_is_read_byte_by_byte(name: str) -> None:
    data, expected = LEGAL[name]
    assert [summarize(event) for event in read(*byte_by_byte(data))] == [expected]


@given(st.lists(st.sampled_from(sorted(LEGAL)), max_size=6), st.lists(st.integers(0, 900)))
def test_pipelined_requests_are_read_alike_in_any_pieces(names: list[str], cuts: list[int]) -> None:
    data = b"".join(LEGAL[name][0] for name in names if LEGAL[name][1][-1]) + CLOSING + b"GET /later"
    places = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    pieces = [data[start:end] for start, end in pairwise(places)]
    expected = [LEGAL[name][1] for name in names if LEGAL[name][1][-1]]
    assert [summarize(event) for event in read(*pieces)] == [*expected, ("GET", b"/last", b"", ONE_ONE, False)]


def test_fields_are_kept_as_received() -> None:
    [event] = read(get(fields=b"hOST: a\r\nX-One:  a \r\nx-one:\xe9\r\nEmpty:\r\n"))
    assert isinstance(event, RawRequest)
    assert event.fields == ((b"hOST", b"a"), (b"X-One", b"a"), (b"x-one", b"\xe9"), (b"Empty", b""))


def test_an_upgrade_keeps_its_fields_when_its_body_is_read() -> None:
    [event] = read(b"POST / HTTP/1.1\r\n%sContent-Length: 1\r\n\r\nx" % UPGRADE)
    assert isinstance(event, RawRequest)
    assert (b"Upgrade", b"tea") in event.fields


def test_trailers_are_kept_apart() -> None:
    [event] = read(chunks(b"1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n"))
    assert isinstance(event, RawRequest)
    assert (event.trailers, (b"X-Sum", b"1") in event.fields) == (((b"X-Sum", b"1"),), False)


@pytest.mark.parametrize("name", REFUSED)
def test_a_malformed_request_is_refused_and_nothing_after_it_is_read(name: str) -> None:
    status, data = REFUSED[name]
    *before, refusal = read(get(), data + get(b"/after"), get(b"/later"))
    assert [summarize(event)[1] for event in before] == [b"/"]
    assert isinstance(refusal, MalformedRequest)
    assert refusal.status == status


@pytest.mark.parametrize("name", REFUSED)
def test_a_malformed_request_is_refused_byte_by_byte(name: str) -> None:
    status, data = REFUSED[name]
    assert [event.status for event in read(*byte_by_byte(data)) if isinstance(event, MalformedRequest)] == [status]


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("before", [get(), post(b"Content-Length: 3", b"a c")])
def test_a_malformed_request_behind_another_is_refused_in_any_pieces(name: str, before: bytes) -> None:
    status, data = REFUSED[name]
    for pieces in ([before + data + get()], byte_by_byte(before + data), [before + data[:1], data[1:] + get()]):
        refusals = [event.status for event in read(*pieces) if isinstance(event, MalformedRequest)]
        assert refusals == [status]


def test_a_request_line_is_not_confused_with_the_one_before_it() -> None:
    before = get(fields=b"Connection: keep-alive\r\n", version=b"HTTP/1.0")
    events = read(before[:8], before[8:] + b"GET / RT", b"SP/1.0\r\n\r\n")
    assert [type(event) for event in events] == [RawRequest, MalformedRequest]


def test_an_incomplete_line_with_an_unknown_method_is_not_refused_yet() -> None:
    reader = RequestReader()
    assert (reader.feed(b"BREW / HTTP/1.1\r"), reader.is_in_head) == ([], True)
    assert [type(event) for event in reader.feed(b"\nHost: a\r\n\r\n")] == [RawRequest]


def test_http_0_9_is_refused_at_the_end_of_its_line() -> None:
    [event] = read(b"GET /\r\n")
    assert isinstance(event, MalformedRequest)
    assert event.status == 505


# 100-continue


def test_expect_continue_comes_before_the_body() -> None:
    reader = RequestReader()
    [first] = reader.feed(post(b"Content-Length: 3\r\nExpect: 100-Continue"))
    [second] = reader.feed(b"abc")
    assert isinstance(first, ExpectContinue)
    assert summarize(second)[2] == b"abc"


def test_an_upgrade_with_a_body_expects_continue_once() -> None:
    data = b"POST / HTTP/1.1\r\n%sExpect: 100-continue\r\nContent-Length: 1\r\n\r\n" % UPGRADE
    assert [type(event) for event in read(data, b"x")] == [ExpectContinue, RawRequest]


# Limits

SMALL = Limits(target=20, head=100, fields=4, body=10)
EXTRA = b"X: " + b"x" * 60 + b"\r\n"
WITHIN = {
    "target": get(b"/" + b"t" * 19),
    "head": get(fields=HOST + EXTRA),
    "fields": get(fields=HOST + b"X: y\r\n" * 3),
    "body": post(b"Content-Length: 10", b"0123456789"),
    "chunks": chunks(b"4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"),
    "trailers": chunks(b"0\r\n" + b"X: y\r\n" * 4 + b"\r\n"),
}
BEYOND = {
    "target": (414, get(b"/" + b"t" * 20)),
    "head": (431, get(fields=HOST + EXTRA * 2)),
    "one long field": (431, get(fields=HOST + b"X: " + b"x" * 100 + b"\r\n")),
    "fields": (431, get(fields=HOST + b"X: y\r\n" * 4)),
    "body": (413, post(b"Content-Length: 11", b"0123456789a")),
    "chunks": (413, chunks(b"4\r\n0123\r\n7\r\n456789a\r\n0\r\n\r\n")),
    "one chunk": (413, chunks(b"B\r\n0123456789a\r\n0\r\n\r\n")),
    "trailers": (431, chunks(b"0\r\n" + b"X: y\r\n" * 5 + b"\r\n")),
    "long trailers": (431, chunks(b"0\r\nX: " + b"x" * 100 + b"\r\n\r\n")),
}


@pytest.mark.parametrize("name", WITHIN)
def test_a_request_at_a_limit_is_read(name: str) -> None:
    assert [type(event) for event in read(WITHIN[name], limits=SMALL)] == [RawRequest]
    assert [type(event) for event in read(*byte_by_byte(WITHIN[name]), limits=SMALL)] == [RawRequest]


@pytest.mark.parametrize("name", BEYOND)
def test_a_request_beyond_a_limit_is_refused_in_any_pieces(name: str) -> None:
    status, data = BEYOND[name]
    for pieces in ([data], byte_by_byte(data)):
        [event] = read(*pieces, limits=SMALL)
        assert isinstance(event, MalformedRequest)
        assert event.status == status


@pytest.mark.parametrize(
    ("status", "begun", "more"),
    [
        (431, b"GET / HTTP/1.1\r\nX:", b"     "),
        (431, b"GET / HTTP/1.1\r\nX: ", b"xxxxx"),
        (431, b"", b"\r\n\r\n"),
        (414, b"GET /", b"xxxxx"),
        (414, b"BREW /", b"xxxxx"),
        (414, b"B", b"REW"),
        (413, CHUNKED, b"1;aaaa\r\nx\r\n"),
        (413, CHUNKED + b"1;a", b"aaaaaa"),
        (413, CHUNKED, b"1\r\nx\r\n"),
    ],
)
def test_a_request_without_an_end_is_refused(status: int, begun: bytes, more: bytes) -> None:
    reader = RequestReader(SMALL)
    events = reader.feed(begun)
    for _ in range(200):
        events += reader.feed(more)
    assert [event.status for event in events if isinstance(event, MalformedRequest)] == [status]


# States


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"", "between"),
        (get(), "between"),
        (get() + b"G", "head"),
        (b"\r\n", "head"),
        (get()[:-1], "head"),
        (post(b"Content-Length: 2", b"x"), "body"),
        (CHUNKED, "body"),
        (chunks(b"0\r\n"), "body"),
        (post(b"Content-Length: 2", b"xx"), "between"),
    ],
)
def test_a_reader_has_one_state_at_a_time(data: bytes, place: str) -> None:
    reader = RequestReader()
    reader.feed(data)
    stands = {"between": reader.is_between_requests, "head": reader.is_in_head, "body": reader.is_in_body}
    assert [name for name, here in stands.items() if here] == [place]


@pytest.mark.parametrize("last", [CLOSING, b"GET / HTTP/9\r\n\r\n"])
def test_the_last_states_are_final(last: bytes) -> None:
    reader = RequestReader()
    [_] = reader.feed(last + get())
    assert reader.feed(get()) == []
    assert (reader.is_in_head, reader.is_in_body) == (False, False)


# Methods that llhttp does not know

AROUND = {
    "nothing": b"",
    "a get": get(),
    "an old get": get(fields=b"Connection: keep-alive\r\n", version=b"HTTP/1.0"),
    "a length": post(b"Content-Length: 14", b"LIST / HTTP/1.1"[:14]),
    "chunks": chunks(b"5 ;a\r\nLIST \r\n0\r\nX: y\r\n\r\n"),
    "an upgrade with a body": b"POST / HTTP/1.1\r\n%sContent-Length: 3\r\n\r\nabc" % UPGRADE,
    "another of them": b"BREW /pot HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n\r\n",
}


@pytest.mark.parametrize("method", UNKNOWN_METHODS)
@pytest.mark.parametrize("before", AROUND)
def test_a_method_may_be_any_token(method: bytes, before: str) -> None:
    request = method + b" /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    data = AROUND[before] + request + get(b"/after") + request
    expected = [(method.decode(), b"/x", b"abc"), ("GET", b"/after", b""), (method.decode(), b"/x", b"abc")]
    for pieces in ([data], byte_by_byte(data), *([data[:cut], data[cut:]] for cut in range(1, len(data)))):
        events = [summarize(event)[:3] for event in read(*pieces)]
        assert events[-3:] == expected
        assert len(events) == 3 + bool(AROUND[before])


def test_an_upgrade_by_an_unknown_method_keeps_its_method() -> None:
    [event] = read(b"BREW / HTTP/1.1\r\n%sContent-Length: 3\r\n\r\nabc" % UPGRADE)
    assert summarize(event)[:3] == ("BREW", b"/", b"abc")
