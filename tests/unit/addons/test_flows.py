"""Conversion of mitmproxy's flows to our messages, byte for byte, and back."""

from __future__ import annotations

import pytest
from mitmproxy import http

from tests.factories.flows import make_flow, make_flow_response
from tests.factories.messages import make_response
from understudy.addons.flows import (
    UNRESOLVABLE_ADDRESS,
    exchange_from_flow,
    find_client_origin,
    is_in_origin_form,
    is_stream,
    parse_content_length,
    request_from_flow,
    response_from_flow,
    set_response,
    set_response_headers,
    stash_request_headers,
    stash_response_headers,
)
from understudy.store.model.exchanges import Timings
from understudy.store.model.messages import Headers, Origin, Response

FIELDS = ((b"b", b"2"), (b"A", b"\xff"), (b"B", b""), (b"b", b"2"))


def test_a_request_is_the_received_one() -> None:
    flow = make_flow("PATCH", b"/caf\xc3\xa9?\xff=%2f", headers=FIELDS, body=b"\x00\xff")
    request = request_from_flow(flow)
    assert (request.method, request.target, request.body) == ("PATCH", b"/caf\xc3\xa9?\xff=%2f", b"\x00\xff")
    assert (request.headers, request.http_version) == (Headers(FIELDS), "HTTP/1.1")


def test_a_method_may_have_any_bytes() -> None:
    assert request_from_flow(make_flow("G\xc3T")).method == "G\xc3T"


def test_the_origin_is_the_host_that_the_request_names() -> None:
    flow = make_flow(address=("API.example.com", 8443), reverse=False)
    assert request_from_flow(flow).origin == Origin("http", "api.example.com", 8443)


def test_a_body_that_was_not_kept_is_empty() -> None:
    flow = make_flow(response=make_flow_response(body=None))
    flow.request.content = None
    assert request_from_flow(flow).body == b""
    assert (response_from_flow(flow) or make_response()).body == b""


def test_trailers_are_kept() -> None:
    flow = make_flow(response=make_flow_response())
    assert flow.response
    flow.request.trailers, flow.response.trailers = http.Headers(FIELDS), http.Headers(FIELDS[:1])
    assert request_from_flow(flow).trailers == Headers(FIELDS)
    assert (response_from_flow(flow) or make_response()).trailers == Headers(FIELDS[:1])


def test_a_response_is_the_received_one() -> None:
    flow = make_flow(response=make_flow_response(404, b"\x00\xff", headers=FIELDS))
    assert response_from_flow(flow) == Response(404, Headers(FIELDS), b"\x00\xff", b"Fine")


def test_a_flow_without_a_response_has_none() -> None:
    assert response_from_flow(make_flow()) is None


def test_headers_of_the_client_are_kept_when_they_are_rewritten() -> None:
    flow = make_flow(headers=FIELDS)
    stash_request_headers(flow)
    flow.request.headers["b"] = "rewritten"
    assert request_from_flow(flow).headers == Headers(FIELDS)


def test_headers_of_the_upstream_are_kept_when_they_are_rewritten() -> None:
    flow = make_flow(response=make_flow_response(headers=FIELDS))
    stash_response_headers(flow)
    set_response_headers(flow, Headers(FIELDS[:1]))
    assert (response_from_flow(flow) or make_response()).headers == Headers(FIELDS)
    assert flow.response
    assert flow.response.headers.fields == FIELDS[:1]


@pytest.mark.parametrize(
    ("kind", "stream"),
    [
        (b"text/event-stream; charset=utf-8", True),
        (b"Application/X-NDJSON", True),
        (b"application/grpc+proto", True),
        (b"application/json", False),
        (b"", False),
    ],
)
def test_streams_are_recognised_by_their_media_type(kind: bytes, stream: bool) -> None:
    assert is_stream(make_flow_response(headers=((b"Content-Type", kind),))) is stream


@pytest.mark.parametrize(
    ("value", "length"),
    [(b"12", 12), (b"", None), (b"-1", None), (b"1, 1", None), ("٣".encode(), None), (b"9" * 30, None)],
)
def test_a_length_is_a_number(value: bytes, length: int | None) -> None:
    assert parse_content_length(make_flow_response(headers=((b"Content-Length", value),))) == length


def test_an_exchange_has_all_times() -> None:
    exchange = exchange_from_flow(make_flow(response=make_flow_response()), "session")
    assert exchange.timings == Timings(1_000.0, 1_001.0, 1_002.0, 1_003.0)
    assert (exchange.session_id, exchange.error, exchange.has_failed) == ("session", None, False)


@pytest.mark.parametrize("response", [None, make_flow_response(200, b"par")])
def test_a_flow_with_an_error_is_a_failed_exchange(response: http.Response | None) -> None:
    flow = make_flow(response=response, error="connection refused")
    exchange = exchange_from_flow(flow, "session")
    assert (exchange.error, exchange.has_failed) == ("connection refused", True)
    assert exchange.response == response_from_flow(flow)


@pytest.mark.parametrize(
    "response",
    [
        make_response(headers=Headers(FIELDS)),
        make_response(204, b"", headers=(), reason=b""),
        make_response(599, b"\x00\xff", reason=b"\xff"),
    ],
)
def test_a_response_of_ours_survives_both_conversions(response: Response) -> None:
    flow = make_flow()
    set_response(flow, response)
    back = response_from_flow(flow)
    assert back
    assert (back.status, back.headers, back.body) == (response.status, response.headers, response.body)


@pytest.mark.parametrize(
    ("status", "reason", "sent"), [(404, b"Gone fishing", b"Gone fishing"), (404, b"", b"Not Found"), (299, b"", b"")]
)
def test_a_response_without_a_reason_gets_the_usual_one(status: int, reason: bytes, sent: bytes) -> None:
    flow = make_flow()
    set_response(flow, make_response(status, reason=reason))
    assert flow.response
    assert flow.response.data.reason == sent


def test_field_names_are_lower_case_in_http_2() -> None:
    flow = make_flow()
    flow.request.http_version = "HTTP/2.0"
    set_response(flow, make_response(headers=[("X-Case", "Kept")]))
    assert flow.response
    assert flow.response.headers.fields == ((b"x-case", b"Kept"),)


@pytest.mark.parametrize(
    ("address", "reverse", "own"),
    [
        (("api.example.com", 80), True, True),
        (("other.example", 80), True, False),
        (("api.example.com", 81), True, False),
        (("api.example.com", 80), False, False),
        (UNRESOLVABLE_ADDRESS, False, True),
    ],
)
def test_whether_the_client_uses_the_gateway_as_the_api(address: tuple[str, int], reverse: bool, own: bool) -> None:
    """It does in origin form and when it names the upstream; any other request is for a forward proxy."""
    assert is_in_origin_form(make_flow(address=address, reverse=reverse)) is own


@pytest.mark.parametrize(
    ("host", "tls", "origin"),
    [
        (b"127.0.0.1:8080", False, Origin("http", "127.0.0.1", 8080)),
        (b"localhost", False, Origin("http", "localhost", 80)),
        (b"localhost", True, Origin("https", "localhost", 443)),
        (b"[::1]:8080", False, Origin("http", "::1", 8080)),
        (b"", False, None),
        (b"a b", False, None),
        (b"a:x", False, None),
    ],
)
def test_the_origin_that_the_client_addresses(host: bytes, tls: bool, origin: Origin | None) -> None:
    flow = make_flow(headers=((b"Host", host),))
    flow.client_conn.timestamp_tls_setup = 1.0
    flow.client_conn.tls = tls
    assert find_client_origin(flow) == origin


def test_the_origin_over_http_2_is_the_authority() -> None:
    flow = make_flow(headers=())
    flow.request.authority = "localhost:8080"
    assert find_client_origin(flow) == Origin("http", "localhost", 8080)
