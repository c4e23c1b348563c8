"""Messages as JSON."""

from __future__ import annotations

from tests.factories.messages import make_request
from understudy.proxy.operations.views.messages import body_json, iso_time, request_json, response_json
from understudy.store.model.messages import Headers, Response


def test_a_body_of_text_is_text() -> None:
    assert body_json("é".encode()) == {"body": "é", "body_size": 2}


def test_a_body_that_is_not_utf_8_is_base_64() -> None:
    assert body_json(b"\xff\x00") == {"body_base64": "/wA=", "body_size": 2}


def test_headers_keep_their_order_and_repeats() -> None:
    response = Response(200, Headers.of([("B", "1"), ("A", "2"), ("b", "3")]), b"", b"OK")
    assert response_json(response, b"")["headers"] == [("B", "1"), ("A", "2"), ("b", "3")]


def test_a_request_has_its_method_and_url() -> None:
    shown = request_json(make_request("POST", "/a?b=c", origin=None), b"")
    assert (shown["method"], shown["url"]) == ("POST", "/a?b=c")


def test_a_time_has_a_zone() -> None:
    assert (iso_time(0.0) or "").partition("T")[2][8:] != ""


def test_no_time_is_null() -> None:
    assert iso_time(None) is None
