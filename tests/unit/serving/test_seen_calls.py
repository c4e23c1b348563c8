"""What is shown of an answered call."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_response
from understudy.serving.answers.replies import make_reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.seen_calls import LONGEST_NOTE, CallResult, find_note, find_path, see_reply
from understudy.store.model.values import replace

REPLY = replace(make_reply(make_response(), summary="path equal, score 90"), example_id="1", example_name="one")


def raw(target: bytes) -> RawRequest:
    return RawRequest("GET", target, (), b"", "HTTP/1.1", True)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/users/1?token=a", "/users/1"),
        (b"http://api.example.com/users/1?a=b", "/users/1"),
        (b"/\x1b[2J", "/%1B[2J"),
        (b"/" + b"a" * 5_000, "/" + "a" * 499 + "…"),
        (b"*", "*"),
    ],
)
def test_a_path_is_shown_without_its_query(target: bytes, path: str) -> None:
    assert find_path(raw(target)) == path


def test_the_path_of_a_mock_server_is_relative_to_it() -> None:
    assert find_path(raw(b"/mocks/shop/users/1"), is_mock=True) == "/users/1"
    assert find_path(raw(b"/mocks/shop"), is_mock=True) == "/"
    assert find_path(raw(b"/mocks/shop/users/1")) == "/mocks/shop/users/1"


def test_a_hit_is_answered_by_its_example() -> None:
    seen = see_reply(b"GET /users/1 HTTP/1.1\r\nHost: a\r\n\r\n", REPLY, 1.0, 0.5)
    assert (seen.method, seen.path, seen.status, seen.result) == ("GET", "/users/1", 200, CallResult.ANSWERED)
    assert (seen.example, seen.example_id, seen.note, seen.at, seen.duration) == ("one", "1", "", 1.0, 0.5)


def test_a_miss_has_its_reason_of_limited_length() -> None:
    seen = see_reply(raw(b"/"), replace(REPLY, example_id=None, example_name="", miss="why " * 1_000), 0.0, 0.0)
    assert (seen.result, len(seen.note)) == (CallResult.MISSED, LONGEST_NOTE)


def test_other_answers_note_what_they_are() -> None:
    assert find_note(replace(REPLY, example_id=None, summary="rate limit")) == "rate limit"
    assert find_note(replace(REPLY, response=None, summary="path equal, score 90; fault reset")) == "fault reset"
