"""Answers that do not depend on the request beyond a few of its headers, rendered once and kept, up to a bound."""

from __future__ import annotations

from collections.abc import Callable

from understudy.serving.answers.replies import PendingReply, Reply
from understudy.store.model.messages import LARGE_BODY, Body, Request, measure_body

MAX_REPLIES = 20_000
MAX_CACHE_BYTES = 128 * 1024 * 1024
MAX_CACHED_BODY_BYTES = 64 * 1024

BodyLookup = Callable[[Body], bytes | None]


def get_inline_body(body: Body) -> bytes | None:
    """A body that is bytes; None for one in the store."""
    return body if isinstance(body, bytes) else None


class ReplyCache:
    """Replies by what they depend on. A key names an example by its identity: clear this when examples change."""

    __slots__ = ("_bytes", "_replies")

    def __init__(self) -> None:
        self._replies: dict[tuple[object, ...], Reply] = {}
        self._bytes = 0

    def get_or_render(
        self,
        key: tuple[object, ...] | None,
        body: Body,
        bodies: BodyLookup,
        render: Callable[[Body], Reply],
        *,
        whole: bool = False,
    ) -> Reply | PendingReply:
        """The reply kept under this key, else rendered, once the body is there; without a key it is not kept.

        A large body stays in the store, unless it has to be there as a `whole`.
        """
        known = self._replies.get(key) if key is not None else None
        if known is not None:
            return known

        def finish(content: Body) -> Reply:
            reply = render(content)
            if key is not None and len(reply.body) <= MAX_CACHED_BODY_BYTES:
                self._keep(key, reply)
            return reply

        content = bodies(body)
        if content is None and not whole and measure_body(body) > LARGE_BODY:
            return finish(body)
        return PendingReply(body, finish) if content is None else finish(content)

    def _keep(self, key: tuple[object, ...], reply: Reply) -> None:
        if len(self._replies) >= MAX_REPLIES or self._bytes >= MAX_CACHE_BYTES:
            self._replies.clear()
            self._bytes = 0
        self._replies[key] = reply
        self._bytes += len(reply.head) + len(reply.body)


def make_vary_key(request: Request, *names: str) -> tuple[object, ...]:
    """What of a request's headers an answer's bytes depend on: these, and the codings that it accepts."""
    headers = request.headers
    return (request.method, *(headers.get(name) for name in names), *headers.get_all("accept-encoding"))
