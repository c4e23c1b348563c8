"""The response for a request and its example."""

from __future__ import annotations

import gzip
import json
import zlib

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
import zstandard

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.index import compile_index
from understudy.matcher.lookup.bare_items import BareItem
from understudy.serving.answers.answer import adapt_response, render_error, render_malformed_header, render_miss
from understudy.store.model.collections import Example
from understudy.store.model.messages import Headers, Request, Response

TEXT = b'{"name": "Ada"}' * 10
CODED = {"gzip": gzip.compress(TEXT, mtime=0), "deflate": zlib.compress(TEXT), "br": brotli.compress(TEXT)}
CODED |= {"zstd": zstandard.compress(TEXT), "gzip, br": brotli.compress(CODED["gzip"])}


def recorded(*headers: tuple[str, str], body: bytes = TEXT, status: int = 200, **request: object) -> Example:
    """An example with these response headers."""
    saved_request = make_request(**request)  # type: ignore[arg-type]  # passed through
    return make_example(saved_request, response=make_response(status, body, headers=headers))


def answered(example: Example, request: Request | None = None) -> Response:
    assert isinstance(example.response.body, bytes)
    return adapt_response(request or make_request(), example, example.response.body)


# Framing


def test_a_response_is_the_recorded_one() -> None:
    example = recorded(("Content-Type", "text/x"), ("Set-Cookie", "a"), ("set-cookie", "b"), ("Content-Length", "150"))
    response = answered(example)
    assert response == example.response


@pytest.mark.parametrize("length", [None, "7", "150"])
def test_the_length_is_that_of_the_body(length: str | None) -> None:
    headers = [("Content-Length", length)] if length else []
    assert answered(recorded(*headers)).headers.get_all("Content-Length") == ["150"]


def test_several_lengths_become_one() -> None:
    example = recorded(("Content-Length", "1"), ("Content-Length", "2"))
    assert answered(example).headers.get_all("Content-Length") == ["150"]


@pytest.mark.parametrize(
    "name", ["Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "transfer-encoding", "Upgrade"]
)
def test_connection_fields_of_the_upstream_are_left_out(name: str) -> None:
    assert name not in answered(recorded((name, "chunked"), ("X", "1"))).headers


def test_an_answer_is_http_1() -> None:
    """A recorded HTTP/2 exchange is answered as HTTP/1.1."""
    example = make_example(response=Response(200, http_version="HTTP/2.0"))
    assert answered(example).http_version == "HTTP/1.1"


def test_a_head_request_gets_the_length_of_the_get_and_no_body() -> None:
    response = answered(recorded(("Content-Length", "1")), make_request("HEAD"))
    assert (response.headers.get("Content-Length"), response.body) == ("150", b"")


def test_a_head_request_keeps_the_length_of_a_recorded_head() -> None:
    example = recorded(("Content-Length", "5000"), body=b"", method="HEAD")
    response = answered(example, make_request("HEAD"))
    assert (response.headers.get("Content-Length"), response.body) == ("5000", b"")


def test_a_recorded_head_without_a_length_gets_none() -> None:
    response = answered(recorded(body=b"", method="HEAD"), make_request("HEAD"))
    assert "Content-Length" not in response.headers


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_has_none(status: int) -> None:
    """It has no length that was not recorded either, even if an edit left a body."""
    response = answered(recorded(body=b"left over", status=status))
    assert (response.body, "Content-Length" in response.headers) == (b"", False)


def test_a_204_has_no_length() -> None:
    """Not even a length that was recorded before the status was edited."""
    response = answered(recorded(("Content-Length", "24"), body=b"left over", status=204))
    assert "Content-Length" not in response.headers


def test_a_recorded_304_keeps_its_length() -> None:
    response = answered(recorded(("Content-Length", "5000"), body=b"", status=304))
    assert response.headers.get("Content-Length") == "5000"


@pytest.mark.parametrize("status", [200, 205, 404, 500])
def test_an_empty_body_has_a_length(status: int) -> None:
    assert answered(recorded(body=b"", status=status)).headers.get("Content-Length") == "0"


# Content codings


def coded(coding: str, accept: str | None, body: bytes | None = None) -> Example:
    """An example in this coding, recorded for a client that sent this Accept-Encoding."""
    body = CODED[coding] if body is None else body
    return recorded(("Content-Encoding", coding), body=body, headers=accepting(accept))


def accepting(accept: str | None) -> Headers:
    return Headers.of([] if accept is None else [("Accept-Encoding", accept)])


@pytest.mark.parametrize("accept", [None, "gzip", "identity", "deflate;q=0"])
def test_the_recorded_header_gets_the_recorded_bytes(accept: str | None) -> None:
    """An API may answer in a coding that the client did not accept."""
    response = answered(coded("gzip", accept), make_request(headers=accepting(accept)))
    assert (response.body, response.headers.get("Content-Encoding")) == (CODED["gzip"], "gzip")


@pytest.mark.parametrize("coding", CODED)
def test_a_client_that_accepts_the_coding_gets_the_recorded_bytes(coding: str) -> None:
    response = answered(coded(coding, "*"), make_request(headers=accepting(coding)))
    assert (response.body, response.headers.get("Content-Encoding")) == (CODED[coding], coding)


@pytest.mark.parametrize("coding", CODED)
def test_a_client_that_does_not_gets_plain_bytes(coding: str) -> None:
    response = answered(coded(coding, "*"), make_request(headers=accepting("identity")))
    assert (response.body, "Content-Encoding" in response.headers) == (TEXT, False)
    assert response.headers.get("Content-Length") == str(len(TEXT))


def test_a_client_without_accept_encoding_accepts_everything() -> None:
    response = answered(coded("gzip", "gzip"), make_request())
    assert response.body == CODED["gzip"]


def test_several_fields_of_one_name_are_one_list() -> None:
    accept = [("Accept-Encoding", "br"), ("accept-encoding", "gzip")]
    assert answered(coded("gzip", "*"), make_request(headers=accept)).body == CODED["gzip"]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "made-up"])
def test_what_cannot_be_decoded_is_sent_as_recorded(coding: str) -> None:
    response = answered(coded(coding, "*", b"not so"), make_request(headers=accepting("identity")))
    assert (response.body, response.headers.get("Content-Encoding")) == (b"not so", coding)


def test_a_head_request_gets_the_length_of_the_bytes_its_get_would_get() -> None:
    response = answered(coded("gzip", "gzip"), make_request("HEAD", headers=accepting("identity")))
    assert (response.headers.get("Content-Length"), response.body) == (str(len(TEXT)), b"")


def test_a_recorded_head_keeps_the_coding_its_length_belongs_to() -> None:
    example = recorded(("Content-Encoding", "gzip"), ("Content-Length", "50"), body=b"", method="HEAD")
    response = answered(example, make_request("HEAD", headers=accepting("identity")))
    assert (response.headers.get("Content-Encoding"), response.headers.get("Content-Length")) == ("gzip", "50")


# Answers of ours


def test_a_miss_explains_itself() -> None:
    decision = compile_index([make_example("/users/7")]).decide(make_request(target="/users/7/x"))
    response = render_miss(decision)
    assert response.status == 404
    error = json.loads(bytes_of(response))["error"]
    assert error["name"] == "mockRequestNotFoundError"
    assert "/users/7" in json.dumps(error["explanation"])


def test_a_request_item_without_example_asks_for_one() -> None:
    items = [BareItem("GET", "/carts/{{id}}", "Get cart")]
    decision = compile_index([make_example("/users/7")], items=items).decide(make_request(target="/carts/7"))
    error = json.loads(bytes_of(render_miss(decision)))["error"]
    assert error["header"] == "You need an example"
    assert error["message"] == "To mock this request add an example response for the mock server to return."
    assert "Get cart" in error["explanation"]["message"]


def test_a_malformed_header_is_named() -> None:
    decision = compile_index([]).decide(make_request(headers=[("x-mock-response-delay", "soon")]))
    assert decision.problem is not None
    response = render_malformed_header(decision.problem)
    assert response.status == 400
    assert json.loads(bytes_of(response))["error"] == {
        "name": "malformedHeaderError",
        "message": "x-mock-response-delay takes milliseconds from 1 to 180000, not 'soon'",
        "header": "x-mock-response-delay",
        "value": "soon",
        "takes": "milliseconds from 1 to 180000",
    }


def test_an_error_is_json() -> None:
    response = render_error(502, "upstreamUnreachableError", "kein Anschluß")
    body = bytes_of(response)
    assert json.loads(body) == {"error": {"name": "upstreamUnreachableError", "message": "kein Anschluß"}}
    assert list(response.headers) == [
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Length", str(len(body))),
    ]


def test_an_error_about_any_text_is_utf_8() -> None:
    assert "?" in json.loads(bytes_of(render_error(500, "x", "\udcff")))["error"]["message"]


def bytes_of(response: Response) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body
