"""The site of a port: its cache of whole requests, calls to no mock server, and the counts and logs of calls."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.factories.messages import make_response
from tests.in_memory.mock_servers import GET, HIT, Logged, at_root, make_mock, make_served
from understudy.serving import site_protocol
from understudy.serving.answers.replies import MAX_JOINED_BYTES, PendingReply, Reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.mock_server.calls import LocalCallCounter
from understudy.serving.mock_server.directory import Directory
from understudy.serving.mock_server.site import MockSite
from understudy.serving.site_protocol import MAX_CACHED_REQUEST_BYTES, WireCache
from understudy.store.model.mock_servers import Behaviour, Delay, Fault, FaultKind


def make_reply(body: bytes = b"hit", behaviour: Behaviour | None = None, *, fixed: bool = True, **more: Any) -> Reply:
    return Reply(b"head", body, make_response(), behaviour, fixed, **more)


def raw_request(target: bytes = b"/users/7", method: str = "GET") -> RawRequest:
    return RawRequest(method, target, ((b"Host", b"127.0.0.1:4000"),), b"", "HTTP/1.1", True)


@pytest.mark.parametrize(
    ("data", "reply", "kept"),
    [
        (GET, make_reply(), True),
        (GET, make_reply(fixed=False), False),
        (GET, make_reply(behaviour=Behaviour(Delay(5))), True),
        (GET, make_reply(behaviour=Behaviour(Delay(5), bytes_per_second=9)), False),
        (GET, make_reply(behaviour=Behaviour(fault=Fault(FaultKind.ERROR, 1))), False),
        (GET, make_reply(bytes(MAX_JOINED_BYTES)), True),
        (GET, make_reply(bytes(MAX_JOINED_BYTES + 1)), False),
        (bytes(MAX_CACHED_REQUEST_BYTES), make_reply(), True),
        (bytes(MAX_CACHED_REQUEST_BYTES + 1), make_reply(), False),
    ],
)
def test_only_short_requests_with_one_small_answer_are_cached(data: bytes, reply: Reply, kept: bool) -> None:
    known = WireCache()
    known.remember(data, reply)
    assert (known.get(data) is reply) is kept


def test_the_wire_cache_is_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_protocol, "MAX_WIRE_CACHE_ENTRIES", 2)
    known = WireCache()
    for data in (b"a", b"b", b"c"):
        known.remember(data, make_reply())
    assert list(known) == [b"c"]


def test_the_wire_cache_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_protocol, "MAX_WIRE_CACHE_BYTES", 150)
    known = WireCache()
    for data in (b"a", b"b", b"c", b"d"):
        known.remember(data, make_reply(bytes(95)))
    assert list(known) == [b"c", b"d"]


@pytest.mark.parametrize(("method", "empty"), [("GET", False), ("HEAD", True)])
def test_a_call_to_no_mock_server_gets_a_hint(method: str, empty: bool) -> None:
    reply = MockSite(Directory()).respond(raw_request(b"/mocks/shop/x", method))
    assert isinstance(reply, Reply)
    assert (reply.response.status if reply.response else None, reply.summary, reply.body == b"") == (
        404,
        "no mock server",
        empty,
    )
    assert reply.response is not None
    assert isinstance(reply.response.body, bytes)
    error = json.loads(reply.response.body)["error"]
    assert error["name"] == "mockNotFoundError"
    assert error["hint"] == {"action": "list_mock_servers"}


@pytest.mark.parametrize(
    ("directory", "target", "message"),
    [
        (Directory(), b"/mocks/cart/x", "The mock server cart does not exist on this port."),
        (Directory(), b"/users", "The URL names no mock server: it has to begin with /mocks/<slug>/."),
        (Directory(at_root=True), b"/mocks/cart/x", "The mock server of this port was deleted."),
    ],
)
def test_a_call_to_no_mock_server_is_explained(directory: Directory, target: bytes, message: str) -> None:
    reply = MockSite(directory).respond(raw_request(target))
    assert isinstance(reply, Reply)
    assert json.loads(reply.body)["error"]["message"] == message


def test_any_page_may_read_that_no_mock_server_is_called() -> None:
    assert b"Access-Control-Allow-Origin: *\r\n" in MockSite(Directory()).respond(raw_request()).head  # type: ignore[union-attr]


def test_the_answer_to_a_call_to_no_mock_server_is_not_cached() -> None:
    """The mock server may be created at any moment, and clients can invent any number of paths."""
    reply = MockSite(Directory()).respond(raw_request())
    assert not isinstance(reply, PendingReply)
    assert not reply.is_cacheable


def test_the_mock_server_that_is_called_answers() -> None:
    served = make_served()
    reply = MockSite(Directory({"shop": served})).respond(raw_request(b"/mocks/shop/users/7"))
    assert isinstance(reply, Reply)
    assert (reply.server, reply.body) == (served, HIT)


@pytest.mark.parametrize(
    ("unlogged", "calls", "logged"),
    [(None, 1, 1), (LocalCallCounter(), 1, 0)],
)
def test_a_call_is_counted_and_logged_unless_the_log_is_off(
    unlogged: LocalCallCounter | None, calls: int, logged: int
) -> None:
    tally, log = LocalCallCounter(), Logged()
    served = make_served(mock=make_mock(), calls=tally, unlogged=unlogged)
    at_root(served, log).log_call(GET, make_reply(server=served), 0.0, 0.0)
    assert (tally.calls, len(log.calls), unlogged.calls if unlogged else 0) == (calls, logged, 1 - logged)


def test_a_call_to_no_mock_server_is_not_logged() -> None:
    log = Logged()
    MockSite(Directory(), log).log_call(GET, make_reply(), 0.0, 0.0)
    assert log.calls == []
