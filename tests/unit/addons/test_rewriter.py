"""Rewriting as a reverse proxy, and which headers history keeps."""

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


def rewrite_headers(flow: http.HTTPFlow, *, urls: bool = True) -> tuple[tuple[bytes, bytes], ...]:
    """Run the hook; return the headers that the client gets."""
    Rewriter(ORIGIN, urls=urls).responseheaders(flow)
    assert flow.response
    return tuple(flow.response.headers.fields)


def test_a_client_gets_urls_and_cookies_of_the_gateway() -> None:
    assert rewrite_headers(make_flow(response=make_flow_response(headers=CAME))) == SENT


def test_history_keeps_the_received_headers() -> None:
    flow = make_flow(response=make_flow_response(headers=CAME))
    rewrite_headers(flow)
    assert (response_from_flow(flow) or make_response()).headers == Headers(CAME)


def test_urls_are_not_rewritten_with_the_option_for_it() -> None:
    assert rewrite_headers(make_flow(response=make_flow_response(headers=CAME)), urls=False) == CAME


def test_a_response_of_ours_is_not_rewritten_again() -> None:
    flow = make_flow(response=make_flow_response(headers=CAME))
    get_note(flow).is_answered = True
    assert rewrite_headers(flow) == CAME


def test_responses_of_another_upstream_are_not_rewritten() -> None:
    flow = make_flow(address=("other.example", 80), response=make_flow_response(headers=CAME))
    assert rewrite_headers(flow) == CAME


def test_a_client_that_names_no_host_gets_the_received_headers() -> None:
    assert rewrite_headers(make_flow(headers=(), response=make_flow_response(headers=CAME))) == CAME


@pytest.mark.parametrize(
    ("upstream", "host"),
    [(ORIGIN, "api.example.com"), (Origin("http", "api.example.com", 8081), "api.example.com:8081")],
)
def test_a_request_is_addressed_to_the_upstream(upstream: Origin, host: str) -> None:
    flow = make_flow()
    Rewriter(upstream).requestheaders(flow)
    assert flow.request.headers["Host"] == host


def test_history_keeps_the_host_of_the_request() -> None:
    flow = make_flow()
    stash_request_headers(flow)
    Rewriter(ORIGIN).requestheaders(flow)
    assert request_from_flow(flow).headers.get("Host") == "127.0.0.1:8080"


def test_a_request_to_another_host_is_not_changed() -> None:
    flow = make_flow(address=("other.example", 80), headers=((b"Host", b"other.example"),))
    Rewriter(ORIGIN).requestheaders(flow)
    assert flow.request.headers["Host"] == "other.example"
