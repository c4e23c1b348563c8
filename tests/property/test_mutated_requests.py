"""Mutated requests: no exception, no hang, no leak, and the same requests as h11 parses."""

from __future__ import annotations

import gc
import logging
from random import Random

import h11
import psutil
import pytest

from tests.factories.messages import make_example, make_request, make_response
from tests.in_memory.mock_servers import Client, at_root, hit, make_mock, make_served
from tests.proofs import choose
from tests.traffic.mutated_requests import LEGAL, in_pieces, mutated
from understudy.serving.http1.limits import Limits
from understudy.serving.http1.request_reader import RawRequest, RequestReader
from understudy.serving.steps import Close

MUTATIONS = choose(100_000, 5_000)
# Reading and explaining is what is tried here, not large bodies.
LIMITS = Limits(body=10_000)


def test_a_responder_handles_mutated_requests(caplog: pytest.LogCaptureFixture) -> None:
    chance = Random(20_260)
    site = at_root(make_served(*EXAMPLES, mock=make_mock(cors=True)))
    process = psutil.Process()
    with caplog.at_level(logging.ERROR):
        for number in range(MUTATIONS):
            client = Client(site, LIMITS, chance)
            for piece in in_pieces(mutated(chance), chance):
                steps = client.steps(piece)
                assert len(steps) < 100
                if any(isinstance(step, Close) for step in steps):
                    assert client.steps(b"GET / HTTP/1.1\r\n\r\n") == []
            if number == MUTATIONS // 5:
                gc.collect()
                before = process.memory_info().rss
    gc.collect()
    assert process.memory_info().rss - before < 100 * 1024 * 1024
    assert [record.getMessage() for record in caplog.records] == []


EXAMPLES = [
    hit(),
    make_example(
        make_request("POST", "/users/{{id}}", body=b'{"a": [1, 2.5]}', content_type="application/json", origin=None),
        id="02",
        response=make_response(201, b"made"),
    ),
    make_example(make_request("POST", "/users/7", body=b"a=b", origin=None), id="03"),
]


def parse_by_h11(data: bytes) -> list[tuple[bytes, bytes, bytes]] | None:
    """Return the complete requests that h11 parses, up to the first of HTTP/1.0; None if it refuses the data."""
    server, found, body = h11.Connection(h11.SERVER), [], b""
    server.receive_data(data)
    try:
        while (event := server.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Request):
                if event.http_version not in (b"1.0", b"1.1"):
                    return None
                method, target, body = event.method, event.target, b""
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                found.append((method, target, body))
                server.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
                server.send(h11.EndOfMessage())
                if server.our_state is not h11.DONE or server.their_state is not h11.DONE:
                    return found
                server.start_next_cycle()
    except h11.RemoteProtocolError:
        return None
    return found


def parse_by_reader(data: bytes) -> list[tuple[bytes, bytes, bytes]] | None:
    """Return the complete requests that our reader parses; None if it refuses the data."""
    events = RequestReader(LIMITS).feed(data)
    found = [(one.method.encode(), one.target, one.body) for one in events if isinstance(one, RawRequest)]
    return found if all(isinstance(one, RawRequest) or "Continue" in type(one).__name__ for one in events) else None


def test_our_reader_and_h11_parse_the_same_requests() -> None:
    """Request smuggling needs two servers that parse different requests from the same bytes."""
    chance = Random(11)
    both = 0
    for _ in range(choose(40_000, 4_000)):
        data = mutated(chance, LEGAL)
        ours, theirs = parse_by_reader(data), parse_by_h11(data)
        if ours is not None and theirs is not None:
            assert theirs == ours[: len(theirs)], data
            assert len(theirs) == len(ours) or b"HTTP/1.0" in data, data
            both += len(theirs)
    assert both > 200
