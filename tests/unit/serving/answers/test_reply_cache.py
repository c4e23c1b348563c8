"""The cache of rendered replies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.factories.messages import make_request, make_response
from understudy.serving.answers import reply_cache
from understudy.serving.answers.replies import PendingReply, Reply
from understudy.serving.answers.reply_cache import MAX_CACHED_BODY_BYTES, ReplyCache, get_inline_body, make_vary_key
from understudy.store.model.messages import LARGE_BODY, Body, BodyRef

REF = BodyRef("d1935", 3)


class Rendering:
    """Renders bodies, and records them."""

    def __init__(self) -> None:
        self.replies = ReplyCache()
        self.rendered: list[bytes] = []

    def ask(
        self, key: str | None, body: Body = b"hit", held: Callable[[Body], bytes | None] = get_inline_body
    ) -> Reply:
        got = self.replies.get_or_render(None if key is None else (key,), body, held, self._render)
        assert isinstance(got, Reply)
        return got

    def _render(self, body: Body) -> Reply:
        content = body if isinstance(body, bytes) else b""
        self.rendered.append(content)
        return Reply(b"HTTP/1.1 200 OK\r\n\r\n", content, make_response(body=body))


def test_one_key_is_rendered_once() -> None:
    one = Rendering()
    assert one.ask("a") is one.ask("a")
    assert one.rendered == [b"hit"]


def test_another_key_is_rendered_for_itself() -> None:
    one = Rendering()
    assert one.ask("a") is not one.ask("b")


def test_a_reply_without_a_key_is_rendered_for_each_request() -> None:
    one = Rendering()
    assert one.ask(None) is not one.ask(None)
    assert one.rendered == [b"hit"] * 2


@pytest.mark.parametrize(("size", "times"), [(MAX_CACHED_BODY_BYTES, 1), (MAX_CACHED_BODY_BYTES + 1, 2)])
def test_large_replies_are_not_cached(size: int, times: int) -> None:
    one = Rendering()
    for _ in range(2):
        one.ask("a", bytes(size))
    assert len(one.rendered) == times


def test_the_cache_is_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_cache, "MAX_REPLIES", 2)
    one = Rendering()
    for key in "abcab":
        one.ask(key, key.encode())
    assert one.rendered == [b"a", b"b", b"c", b"a", b"b"]


def test_the_cache_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_cache, "MAX_CACHE_BYTES", 100)
    one = Rendering()
    for key in "abba":
        one.ask(key, key.encode() * 90)
    assert [body[:1] for body in one.rendered] == [b"a", b"b", b"a"]


def test_a_reply_is_pending_until_its_body_is_read_and_then_cached() -> None:
    one = Rendering()
    pending = one.replies.get_or_render(("a",), REF, get_inline_body, one._render)
    assert isinstance(pending, PendingReply)
    assert (pending.body, one.rendered) == (REF, [])
    assert pending.finish(b"hit") is one.ask("a", REF)


def test_a_reply_whose_stored_body_is_in_memory_is_not_pending() -> None:
    one = Rendering()
    assert one.ask("a", REF, lambda _: b"hit").body == b"hit"


ACCEPTING = {"Accept-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("request_", "same"),
    [
        (make_request(), True),
        (make_request(target="/other", headers={"X-Other": "1"}), True),
        (make_request("HEAD"), False),
        (make_request(headers=ACCEPTING), False),
        (make_request(headers={"Origin": "a"}), False),
    ],
)
def test_bytes_depend_on_method_codings_and_named_headers(request_: object, same: bool) -> None:
    assert (make_vary_key(request_, "origin") == make_vary_key(make_request(), "origin")) is same  # type: ignore[arg-type]


def test_a_missing_header_differs_from_an_empty_one() -> None:
    assert make_vary_key(make_request(headers={"Origin": ""}), "origin") != make_vary_key(make_request(), "origin")


LARGE = BodyRef("1a49e", LARGE_BODY + 1)


def test_a_large_body_stays_in_the_store() -> None:
    reply = Rendering().replies.get_or_render(("a",), LARGE, get_inline_body, Rendering()._render)
    assert isinstance(reply, Reply)
    assert reply.content is LARGE


def test_a_large_body_is_read_if_all_of_its_bytes_are_needed() -> None:
    one = Rendering()
    assert isinstance(one.replies.get_or_render(("a",), LARGE, get_inline_body, one._render, whole=True), PendingReply)
