"""Errors as gRPC clients expect them."""

from __future__ import annotations

import pytest

from understudy.serving.answers.answer import render_error
from understudy.serving.grpc.grpc_errors import adapt_error, render_grpc_error
from understudy.store.model.messages import Headers, Request

GRPC = Headers.of([("content-type", "application/grpc+proto")])
CALL = Request("POST", b"/a/b", GRPC, http_version="HTTP/2.0")


def test_an_error_is_a_head_with_a_status() -> None:
    error = render_grpc_error("no")
    fields = [("content-type", "application/grpc"), ("grpc-status", "12"), ("grpc-message", "no")]
    assert (error.status, list(error.headers), error.body) == (200, fields, b"")


def test_a_message_is_percent_encoded() -> None:
    assert render_grpc_error("50% — a\nb").headers.get("grpc-message") == "50%25 %E2%80%94 a%0Ab"


def test_a_miss_keeps_its_message() -> None:
    assert adapt_error(CALL, render_error(404, "x", "not recorded")).headers.get("grpc-message") == "not recorded"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (Request("POST", b"/a/b", GRPC), 404),
        (
            Request("POST", b"/a/b", Headers.of([("content-type", "application/grpc-web")]), http_version="HTTP/2.0"),
            404,
        ),
        (CALL, 502),
    ],
    ids=["HTTP/1.1", "gRPC-Web", "another error"],
)
def test_other_errors_stay(request_: Request, status: int) -> None:
    error = render_error(status, "x", "why")
    assert adapt_error(request_, error) is error
