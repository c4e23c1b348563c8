"""What a reverse proxy changes on the way, and what history keeps of it."""

from __future__ import annotations

import pytest
from mitmproxy import http

from tests.factories.flows import make_flow, make_flow_response
from tests.factories.messages import ORIGIN, make_response
from understudy.addons.flow_notes import get_note
from understudy.addons.flows import request_from_flow, response_from_flow, stash_request_headers
from understudy.addons.rewriter import Rewriter
from understudy.store.model.messages import Headers, Origin

CAME = ((b"Location", b"http://api.example.com/x"), (b"Set-Cookie", b"a=1; Domain=example.com"))
SENT = ((b"Location", b"http://127.0.0.1:8080/x"), (b"Set-Cookie", b"a=1"))


def rewritten(flow: http.HTTPFlow, *, urls: bool = True) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that the client gets."""
    Rewriter(ORIGIN, urls=urls).responseheaders(flow)
    assert flow.response
    return tuple(flow.response.headers.fields)


def test_a_client_gets_urls_and_cookies_of_the_gateway() -> None:
    assert rewritten(make_flow(response=make_flow_response(headers=CAME))) == SENT


def test_history_keeps_what_came() -> None:
    flow = make_flow(response=make_flow_response(headers=CAME))
    rewritten(flow)
    assert (response_from_flow(flow) or make_response()).headers == Headers(CAME)


def test_urls_are_left_alone_where_that_is_asked_for() -> None:
    assert rewritten(make_flow(response=make_flow_response(headers=CAME)), urls=False) == CAME


def test_what_we_answered_ourselves_was_rewritten_already() -> None:
    flow = make_flow(response=make_flow_response(headers=CAME))
    get_note(flow).is_answered = True
    assert rewritten(flow) == CAME


def test_another_upstream_is_none_of_its_business() -> None:
    flow = make_flow(address=("other.example", 80), response=make_flow_response(headers=CAME))
    assert rewritten(flow) == CAME


def test_a_client_that_names_no_host_gets_what_came() -> None:
    assert rewritten(make_flow(headers=(), response=make_flow_response(headers=CAME))) == CAME


@pytest.mark.parametrize(
    ("upstream", "host"),
    [(ORIGIN, "api.example.com"), (Origin("http", "api.example.com", 8081), "api.example.com:8081")],
)
def test_a_request_is_addressed_to_the_upstream(upstream: Origin, host: str) -> None:
    flow = make_flow()
    Rewriter(upstream).requestheaders(flow)
    assert flow.request.headers["Host"] == host


def test_history_keeps_the_host_that_was_asked_for() -> None:
    flow = make_flow()
    stash_request_headers(flow)
    Rewriter(ORIGIN).requestheaders(flow)
    assert request_from_flow(flow).headers.get("Host") == "127.0.0.1:8080"


def test_a_request_to_another_host_is_left_alone() -> None:
    flow = make_flow(address=("other.example", 80), headers=((b"Host", b"other.example"),))
    Rewriter(ORIGIN).requestheaders(flow)
    assert flow.request.headers["Host"] == "other.example"
