"""One connection without its socket: requests in, steps out."""

from __future__ import annotations

import logging
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.messages import make_example, make_request, make_response
from tests.in_memory.mock_servers import (
    GET,
    HIT,
    HOST,
    Client,
    Logged,
    at_root,
    closes,
    hit,
    make_mock,
    make_served,
    sent,
    waited,
)
from understudy.serving.answers.body_schedule import Fetch
from understudy.serving.answers.replies import EDIT_WAIT_SECONDS, Reply
from understudy.serving.http1.limits import Limits
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.http1.wire import CONTINUE
from understudy.serving.mock_server.site import MockSite
from understudy.serving.responder import GARBAGE_BYTES
from understudy.serving.steps import Close, Wait
from understudy.store.model.messages import LARGE_BODY, BodyRef, Chunk, Headers
from understudy.store.model.mock_servers import (
    PLAIN,
    Behaviour,
    Delay,
    DelayKind,
    Fault,
    FaultKind,
    MockServer,
    RateLimit,
)
from understudy.store.model.values import replace

HEAD_OF_HIT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n"
EXAMPLE_FIELD = b'X-Understudy-Example: 01; path="as it is"\r\n'
ANSWER = HEAD_OF_HIT + EXAMPLE_FIELD + b"\r\nhit"
MISS = b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n"
CLOSING = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
EXPECTING = b"GET /users/7 HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"


def client(behaviour: Behaviour | None = None, **options: object) -> Client:
    """Return a client of a mock server with this behaviour."""
    mock = make_mock(behaviour=behaviour) if behaviour else make_mock()
    return Client(at_root(make_served(mock=mock)), **options)  # type: ignore[arg-type]  # passed through


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    return [data[start:end] for start, end in pairwise(places)]


# Answers and connections


def test_an_example_answers() -> None:
    assert client().ask(GET) == ANSWER


def test_the_connection_stays() -> None:
    assert closes(client().steps(GET, GET)) == []


def test_a_client_that_closes_is_answered_with_close() -> None:
    steps = client().steps(CLOSING)
    assert sent(steps) == HEAD_OF_HIT + EXAMPLE_FIELD + b"Connection: close\r\n\r\nhit"
    assert closes(steps) == [Close()]


@pytest.mark.parametrize(("field", "stays"), [(b"", False), (b"Connection: keep-alive\r\n", True)])
def test_an_http_1_0_client_is_answered_with_its_connection_option(field: bytes, stays: bool) -> None:
    steps = client().steps(b"GET /users/7 HTTP/1.0\r\n" + field + b"\r\n")
    assert (b"Connection: keep-alive\r\n" if stays else b"Connection: close\r\n") in sent(steps)
    assert bool(closes(steps)) is not stays


def test_head_is_answered_as_get_without_a_body() -> None:
    assert client().ask(GET.replace(b"GET", b"HEAD")) == ANSWER.removesuffix(HIT)


@pytest.mark.parametrize("target", [b"/nothing", b"/users/7"])
def test_errors_to_head_have_no_body(target: bytes) -> None:
    site = at_root(make_served(mock=make_mock(private=target == b"/users/7")))
    head, _, body = Client(site).ask(b"HEAD %s HTTP/1.1\r\n%s\r\n" % (target, HOST)).partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert body == b""


@pytest.mark.parametrize(("status", "length"), [(204, False), (304, False), (205, True)])
def test_answers_without_a_body_are_framed_by_their_status(status: int, length: bool) -> None:
    example = make_example("/users/7", response=make_response(status, b"", headers=(), reason=b""))
    answer = Client(at_root(make_served(example))).ask(GET)
    assert answer.endswith(b"\r\n\r\n")
    assert (b"Content-Length" in answer) is length


def test_requests_after_the_last_one_are_not_answered() -> None:
    assert client().ask(CLOSING + GET, GET).count(b"HTTP/1.1 ") == 1


# Pipelining

REQUESTS = {
    b"hit": GET,
    b"miss": MISS,
    b"head": GET.replace(b"GET", b"HEAD"),
    b"body": b"GET /users/7 HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc",
    b"chunks": b"POST /users/7 HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n",
    b"upgrade": b"GET /users/7 HTTP/1.1\r\n" + HOST + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"upgrade with body": b"GET /users/7 HTTP/1.1\r\n"
    + HOST
    + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
    b"absolute": b"GET http://other.test/users/7 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"options": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    b"connect": b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n",
}


@given(st.lists(st.sampled_from(sorted(REQUESTS)), min_size=1, max_size=6), st.lists(st.integers(0, 600)))
def test_requests_are_answered_in_order_in_any_pieces(names: list[bytes], cuts: list[int]) -> None:
    data = b"".join(REQUESTS[name] for name in names)
    alone = b"".join(client().ask(REQUESTS[name]) for name in names)
    assert client().ask(*in_pieces(data, cuts)) == alone


def test_nothing_is_answered_after_a_refusal() -> None:
    steps = client().steps(GET + b"GET / HTTP/9\r\n\r\n" + GET)
    assert sent(steps).startswith(ANSWER + b"HTTP/1.1 400 ")
    assert sent(steps).count(b"HTTP/1.1 ") == 2
    assert closes(steps) == [Close(unread=True)]


# Refusals


@pytest.mark.parametrize(
    ("limits", "data", "status", "name"),
    [
        (Limits(body=1), EXPECTING, b"413", b"requestTooLargeError"),
        (Limits(target=4), GET, b"414", b"requestTooLargeError"),
        (Limits(fields=0), GET, b"431", b"requestTooLargeError"),
        (Limits(), EXPECTING.replace(b"100-continue", b"tea"), b"417", b"malformedRequestError"),
        (Limits(), b"GET / HTTP/2.0\r\n\r\n", b"505", b"malformedRequestError"),
        (Limits(), b"\x16\x03\x01", b"400", b"malformedRequestError"),
    ],
)
def test_a_refusal_has_its_reason_and_closes_the_connection(
    limits: Limits, data: bytes, status: bytes, name: bytes
) -> None:
    steps = client(limits=limits).steps(data)
    assert sent(steps).startswith(b"HTTP/1.1 " + status + b" ")
    assert b"Connection: close\r\n" in sent(steps)
    assert name in sent(steps)
    assert closes(steps) == [Close(unread=True)]


# 100-continue


def test_a_client_that_waits_for_100_gets_it() -> None:
    one = client()
    assert one.ask(EXPECTING) == CONTINUE
    assert one.ask(b"ab").startswith(b"HTTP/1.1 200")


def test_a_client_that_does_not_wait_for_100_gets_none() -> None:
    assert client().ask(EXPECTING + b"ab").startswith(b"HTTP/1.1 200")


def test_100_comes_after_the_answer_before_it() -> None:
    assert client().ask(GET + EXPECTING) == ANSWER + CONTINUE


# The cache of whole requests


def test_a_request_that_is_received_alone_is_cached() -> None:
    one = client()
    one.ask(GET)
    assert one.site.wire_cache[GET].wire == ANSWER


@pytest.mark.parametrize(
    "pieces",
    [
        (GET + GET,),
        (GET[:9], GET[9:]),
        (CLOSING,),
        (b"GET /users/7 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",),
        (EXPECTING + b"ab",),
        (GET + b"GET",),
        (b"nonsense\r\n\r\n",),
        (b"GET /users/7 HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 5000 + b"\r\n\r\n",),
    ],
)
def test_other_requests_are_not_cached(pieces: tuple[bytes, ...]) -> None:
    one = client()
    one.ask(*pieces)
    assert one.site.wire_cache == {}


SLOW = Behaviour(bytes_per_second=10**6)


@pytest.mark.parametrize(
    "behaviour",
    [SLOW, Behaviour(fault=Fault(FaultKind.ERROR, 1)), Behaviour(rate_limit=RateLimit(9)), Behaviour(Delay(5), 9)],
)
def test_answers_that_may_differ_are_not_cached(behaviour: Behaviour) -> None:
    one = client(behaviour)
    one.ask(GET)
    assert one.site.wire_cache == {}


def test_a_sequence_is_not_cached() -> None:
    one = Client(at_root(make_served(hit(sequence="s"), hit(id="02", sequence="s"))))
    one.ask(GET)
    assert one.site.wire_cache == {}


def test_an_answer_that_is_only_delayed_is_cached_with_its_delay() -> None:
    one = client(Behaviour(Delay(5)))
    one.ask(GET)
    assert one.site.wire_cache[GET].delay == Delay(5)


def test_another_site_has_a_cache_of_its_own() -> None:
    one = client()
    one.ask(GET)
    one.site = at_root(make_served(replace(hit(), response=make_response(body=b"new"))))
    assert one.ask(GET).endswith(b"new")


# Bodies in the store

KEPT = make_example("/users/7", response=make_response(body=BodyRef("d1935", 3)))


def test_a_body_is_fetched() -> None:
    steps = Client(at_root(make_served(KEPT))).steps(GET)
    assert [step.body for step in steps if isinstance(step, Fetch)] == [KEPT.response.body]
    assert sent(steps) == ANSWER


def test_a_body_that_cannot_be_read_is_fetched_again_for_a_while() -> None:
    steps = Client(at_root(make_served(KEPT)), body=None).steps(GET)
    assert sum(waited(steps)) == pytest.approx(EDIT_WAIT_SECONDS)
    assert sent(steps).startswith(b"HTTP/1.1 500 ")


def test_after_an_edit_that_removed_the_body_the_new_example_answers() -> None:
    one = Client(at_root(make_served(KEPT)), body=None)
    one.responder.receive(GET)
    assert isinstance(one.responder.next(), Fetch)
    one.responder.receive_body(None)
    assert isinstance(one.responder.next(), Wait)
    one.site = at_root(make_served())
    assert sent(one.go_on()) == ANSWER


# Large bodies in the store

LARGE = BodyRef("1a49e", LARGE_BODY + 4)
FIRST = b"d" * (LARGE_BODY + 2)
GZIPPED = {"Content-Encoding": "gzip"}


def large(*pieces: bytes, headers: dict[str, str] | None = None, **more: Any) -> Client:
    """Return a client of a mock server with a large answer, of which the store has these pieces."""
    response = replace(make_response(body=LARGE, headers=headers or {}), **more)
    one = Client(at_root(make_served(make_example("/users/7", response=response))))
    one.pieces = list(pieces)
    return one


def test_a_large_body_is_sent_as_it_is_read() -> None:
    steps = large(FIRST, b"de").steps(GET)
    head, *rest = [step for step in steps if not isinstance(step, Wait)]
    assert b"Content-Length: %d\r\n" % LARGE.size in head  # type: ignore[operator]
    assert rest == [Fetch(LARGE, 0), FIRST, Fetch(LARGE, 1), b"de"]


def test_a_large_stream_keeps_its_chunks_and_times() -> None:
    chunks = (Chunk(0.5, 4), Chunk(1.0, LARGE_BODY))
    steps = large(b"abc", FIRST[2:], b"e", chunks=chunks).steps(GET)
    assert waited(steps) == [0.5, 0.5]
    assert b"\r\n\r\n4\r\nabcd\r\n100000\r\nddd" in sent(steps)
    assert sent(steps).endswith(b"de\r\n0\r\n\r\n")


def test_head_reads_nothing_of_a_large_body() -> None:
    steps = large().steps(GET.replace(b"GET", b"HEAD"))
    assert [step for step in steps if isinstance(step, Fetch)] == []
    assert b"Content-Length: %d\r\n" % LARGE.size in sent(steps)


def test_a_large_body_that_cannot_be_read_ends_the_connection() -> None:
    assert closes(large().steps(GET + GET)) == [Close()]


def test_a_large_body_in_a_coding_that_the_client_refuses_is_read_completely() -> None:
    steps = large(headers=GZIPPED).steps(GET.replace(b"\r\n\r\n", b"\r\nAccept-Encoding: br\r\n\r\n"))
    assert [step for step in steps if isinstance(step, Fetch)] == [Fetch(LARGE)]


def ask_range(value: str) -> bytes:
    """Return a request for this range."""
    return GET.replace(b"\r\n\r\n", b"\r\nRange: %s\r\n\r\n" % value.encode())


def test_a_range_of_a_large_body_reads_pieces_up_to_its_end() -> None:
    digest = {"Content-MD5": "x"}
    steps = large(b"abc", FIRST[3:], b"e", headers=digest).steps(ask_range("bytes=1-2"))
    assert [step for step in steps if isinstance(step, Fetch)] == [Fetch(LARGE, 0)]
    head, _, body = sent(steps).partition(b"\r\n\r\n")
    assert (head[:12], body) == (b"HTTP/1.1 206", b"bc")
    assert b"Content-Length: 2\r\n" in head + b"\r\n"
    assert f"Content-Range: bytes 1-2/{LARGE.size}".encode() in head
    assert b"Content-MD5" not in head


def test_a_range_behind_a_large_body_reads_nothing() -> None:
    steps = large().steps(ask_range(f"bytes={LARGE.size}-"))
    assert [step for step in steps if isinstance(step, Fetch)] == []
    assert sent(steps).startswith(b"HTTP/1.1 416")


def large_part(*pieces: bytes) -> Client:
    """Return a client of a mock server with a large recorded part of a file, of which the store has these pieces."""
    recorded = make_request(target="/users/7", headers={"Range": "bytes=10-"})
    content_range = f"bytes 10-{LARGE.size + 9}/{LARGE.size + 10}"
    response = make_response(206, LARGE, headers={"Content-Range": content_range})
    one = Client(at_root(make_served(make_example(recorded, response=response))))
    one.pieces = list(pieces)
    return one


@pytest.mark.parametrize(("value", "size"), [("bytes=10-", LARGE.size), ("bytes=13-14", 2)])
def test_a_recorded_part_is_never_read_whole(value: str, size: int) -> None:
    """Neither for the range that was recorded nor for one inside it."""
    body = b"abc" + FIRST[3:] + b"de"
    steps = large_part(body[:3], body[3:7], body[7:]).steps(ask_range(value))
    assert Fetch(LARGE) not in steps
    assert sent(steps).partition(b"\r\n\r\n")[2] == (body if size == LARGE.size else body[3:5])


# Delays and faults


@pytest.mark.parametrize(
    ("delay", "low", "high"),
    [
        (Delay(50), 0.05, 0.05),
        (Delay(50, DelayKind.UNIFORM, most=70), 0.05, 0.07),
        (Delay(50, DelayKind.LOGNORMAL, sigma=0.1), 0.02, 0.2),
    ],
)
def test_a_delay_is_waited_for_before_the_answer(delay: Delay, low: float, high: float) -> None:
    first, *rest = client(Behaviour(delay), random=Random(1)).steps(GET)
    assert isinstance(first, Wait)
    assert low <= first.seconds <= high
    assert sent(rest) == ANSWER


def test_the_delay_of_a_request_precedes_others() -> None:
    request = GET.replace(b"\r\n\r\n", b"\r\nx-mock-response-delay: 7\r\n\r\n")
    assert waited(client(Behaviour(Delay(500))).steps(request)) == [0.007]


def test_a_throttled_body_is_sent_in_pieces_after_its_head() -> None:
    head, *rest = client(Behaviour(bytes_per_second=20)).steps(GET)
    assert head == ANSWER.removesuffix(HIT)
    assert waited(rest) == pytest.approx([0.05] * 3)
    assert [step for step in rest if isinstance(step, bytes)] == [b"h", b"i", b"t"]


@pytest.mark.parametrize(
    ("kind", "expected", "close"),
    [
        (FaultKind.RESET, b"", Close(reset=True)),
        (FaultKind.EMPTY, b"", Close()),
        (FaultKind.CUT, ANSWER.removesuffix(b"it"), Close()),
    ],
)
def test_a_fault_breaks_the_answer(kind: FaultKind, expected: bytes, close: Close) -> None:
    steps = client(Behaviour(fault=Fault(kind))).steps(GET + GET)
    assert (sent(steps), closes(steps)) == (expected, [close])


# Streams

CHUNKS = (Chunk(0.25, 6), Chunk(0.5, 4))
PIECES = [b"data: ", b"1\n\n\n"]
EVENTS = {"Content-Type": "text/event-stream"}


def streamed(
    *, headers: dict[str, str] = EVENTS, behaviour: Behaviour = PLAIN, mock: MockServer | None = None, **more: Any
) -> Client:
    """Return a client of a mock server that streams two pieces by default."""
    response = replace(make_response(body=b"".join(PIECES), headers=headers), **{"chunks": CHUNKS, **more})
    example = make_example("/users/7", response=response, behaviour=behaviour)
    return Client(at_root(make_served(example, mock=mock)))


def test_a_stream_is_sent_in_its_pieces_at_their_times() -> None:
    head, *rest = streamed().steps(GET)
    assert b"Transfer-Encoding: chunked\r\n\r\n" in head  # type: ignore[operator]  # bytes, if all is well
    assert b"Content-Length" not in head  # type: ignore[operator]
    assert waited(rest) == [0.25, 0.25]
    assert sent(rest) == b"6\r\ndata: \r\n4\r\n1\n\n\n\r\n0\r\n\r\n"


def test_a_stream_with_a_length_keeps_it() -> None:
    head, *rest = streamed(headers={**EVENTS, "Content-Length": "10"}).steps(GET)
    assert b"Content-Length: 10\r\n" in head  # type: ignore[operator]
    assert b"Transfer-Encoding" not in head  # type: ignore[operator]
    assert [step for step in rest if isinstance(step, bytes)] == PIECES


def test_the_connection_stays_after_a_stream() -> None:
    assert closes(streamed().steps(GET, GET)) == []


def test_an_http_1_0_client_gets_a_stream_until_the_connection_ends() -> None:
    steps = streamed().steps(b"GET /users/7 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert sent(steps).endswith(b"Connection: close\r\n\r\n" + b"".join(PIECES))
    assert closes(steps) == [Close()]


@pytest.mark.parametrize(
    ("example", "mock", "expected"),
    [
        (None, 0.5, [0.125, 0.125]),
        (0.0, None, [0.0] * 2),
        (2.0, 0.0, [0.5, 0.5]),
        (None, None, [0.25, 0.25]),
    ],
)
def test_a_stream_has_the_timing_that_is_set(example: float | None, mock: float | None, expected: list[float]) -> None:
    """By its example, else by its mock server."""
    one = streamed(behaviour=Behaviour(timing=example), mock=make_mock(behaviour=Behaviour(timing=mock)))
    assert waited(one.steps(GET)) == expected


def test_a_timing_applies_to_streams_only() -> None:
    one = client(Behaviour(timing=0.5))
    one.ask(GET)
    assert one.site.wire_cache[GET].wire == ANSWER


def test_a_stream_is_not_cached() -> None:
    one = streamed()
    assert one.ask(GET) == one.ask(GET)
    assert one.site.wire_cache == {}


@pytest.mark.parametrize("chunks", [(Chunk(0.25, 6),), (Chunk(0.25, 6), Chunk(0.5, 5))])
def test_chunks_of_another_body_are_ignored(chunks: tuple[Chunk, ...]) -> None:
    steps = streamed(chunks=chunks).steps(GET)
    assert waited(steps) == []
    assert b"Content-Length: 10\r\n" in sent(steps)


def test_head_gets_no_stream() -> None:
    steps = streamed().steps(GET.replace(b"GET", b"HEAD"))
    assert (waited(steps), sent(steps)[-4:]) == ([], b"\r\n\r\n")


def test_trailers_come_after_the_last_piece() -> None:
    answer = streamed(trailers=Headers.of([("Checksum", "abc")])).ask(GET)
    assert answer.endswith(b"0\r\nChecksum: abc\r\n\r\n")


def test_trailers_need_no_chunks() -> None:
    answer = streamed(chunks=(), trailers=Headers.of([("Checksum", "abc")])).ask(GET)
    assert answer.endswith(b"\r\n\r\na\r\ndata: 1\n\n\n\r\n0\r\nChecksum: abc\r\n\r\n")


def test_a_stream_that_is_cut_is_not_complete() -> None:
    answer = streamed(behaviour=Behaviour(fault=Fault(FaultKind.CUT))).ask(GET)
    assert answer.endswith(b"Transfer-Encoding: chunked\r\n\r\na\r\ndata:")


def test_a_stream_can_be_throttled() -> None:
    steps = streamed(behaviour=Behaviour(bytes_per_second=20)).steps(GET)
    assert sum(waited(steps)) == pytest.approx(0.5)
    assert sent(steps).endswith(b"1\r\n\n\r\n0\r\n\r\n")


def test_garbage_is_not_http() -> None:
    steps = client(Behaviour(fault=Fault(FaultKind.GARBAGE)), random=Random(1)).steps(GET)
    assert (len(sent(steps)), closes(steps)) == (GARBAGE_BYTES, [Close()])
    assert not sent(steps).startswith(b"HTTP/")


def test_an_answer_without_a_body_is_cut_in_its_head() -> None:
    answer = client(Behaviour(fault=Fault(FaultKind.CUT))).ask(GET.replace(b"GET", b"HEAD"))
    assert ANSWER.startswith(answer)
    assert b"\r\n\r\n" not in answer


def test_a_simulated_error_leaves_the_connection() -> None:
    steps = client(Behaviour(fault=Fault(FaultKind.ERROR))).steps(GET + GET)
    assert sent(steps).count(b"HTTP/1.1 503 ") == 2
    assert closes(steps) == []


def test_a_fault_applies_to_its_percentage_of_calls() -> None:
    one = client(Behaviour(fault=Fault(FaultKind.ERROR, 25)), random=Random(1))
    assert 200 < one.ask(*[GET] * 1000).count(b"HTTP/1.1 503 ") < 300


# The end


def test_an_idle_connection_ends_at_once() -> None:
    one = client()
    one.ask(GET)
    one.responder.end_soon()
    assert one.go_on() == [Close()]


def test_a_request_in_progress_is_answered_before_the_end() -> None:
    one = client()
    one.ask(GET[:9])
    one.responder.end_soon()
    assert one.go_on() == []
    steps = one.steps(GET[9:])
    assert (b"Connection: close\r\n" in sent(steps), closes(steps)) == (True, [Close()])


@pytest.mark.parametrize("behaviour", [Behaviour(Delay(5)), Behaviour(bytes_per_second=10)])
def test_an_end_during_an_answer_comes_after_it(behaviour: Behaviour) -> None:
    one = client(behaviour)
    one.responder.receive(GET)
    steps = [one.responder.next(), one.responder.next()]
    one.responder.end_soon()
    steps += one.go_on()
    assert sent(step for step in steps if step is not None).endswith(HIT)
    assert isinstance(steps[-1], Close)


def test_a_client_that_ends_its_input_gets_all_answers() -> None:
    one = client(Behaviour(Delay(5)))
    one.responder.receive(GET * 3)
    assert isinstance(one.responder.next(), Wait)
    one.responder.end_input()
    steps = one.go_on()
    assert sent(steps).count(HIT) == 3
    assert closes(steps) == [Close()]


def test_a_client_that_leaves_within_a_request_gets_no_answer() -> None:
    one = client()
    one.ask(GET[:9])
    one.responder.end_input()
    assert one.go_on() == [Close()]


# The call log


@pytest.mark.parametrize(
    ("data", "behaviour", "summary", "status"),
    [
        (GET, Behaviour(), "path as it is, score 110", 200),
        (MISS, Behaviour(), "no match", 404),
        (GET, Behaviour(fault=Fault(FaultKind.RESET)), "path as it is, score 110; fault reset", None),
        (GET, Behaviour(fault=Fault(FaultKind.ERROR)), "path as it is, score 110; fault error", 503),
        (GET, Behaviour(rate_limit=RateLimit(0)), "rate limit", 429),
    ],
)
def test_a_call_is_logged(data: bytes, behaviour: Behaviour, summary: str, status: int | None) -> None:
    log = Logged()
    Client(at_root(make_served(mock=make_mock(behaviour=behaviour)), log)).ask(data)
    [(call, reply)] = log.calls
    assert isinstance(call, RawRequest)
    assert (reply.summary, reply.response.status if reply.response else None) == (summary, status)


def test_a_page_may_read_a_simulated_error() -> None:
    mock = make_mock(behaviour=Behaviour(fault=Fault(FaultKind.ERROR)), cors=True)
    head, _, _ = Client(at_root(make_served(mock=mock))).ask(GET).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nAccess-Control-Allow-Origin: *" in head


def test_bytes_that_are_not_a_request_are_not_logged() -> None:
    log = Logged()
    Client(at_root(make_served(), log)).ask(b"nonsense\r\n\r\n")
    assert log.calls == []


# Bugs of ours


class Broken(MockSite):
    """Fails for each request."""

    def respond(self, raw_request: RawRequest) -> Reply:
        raise RuntimeError("broken")


def test_a_bug_ends_a_call_and_not_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        steps = Client(Broken(at_root(make_served()).directory)).steps(GET, GET)
    assert sent(steps).count(b"HTTP/1.1 500 ") == 2
    assert closes(steps) == []


def test_a_request_with_a_body_is_answered_by_its_body() -> None:
    request = make_request("POST", "/users", body=b"one", content_type="text/plain", origin=None)
    examples = [make_example(request, response=make_response(body=b"first")), hit(id="02")]
    site = at_root(make_served(*examples))
    data = b"POST /users HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\none\r\n0\r\n\r\n"
    assert Client(site).ask(data).endswith(b"first")
