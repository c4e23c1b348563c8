"""A bounded cache of rendered replies, for answers that depend on few headers of the request."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import time

from understudy.serving.answers.replies import PendingReply, Reply
from understudy.store.model.header_fields import CONDITION_FIELDS
from understudy.store.model.messages import LARGE_BODY, Body, Request, measure_body

_VARYING = CONDITION_FIELDS | {b"accept-encoding", b"if-range"}

MAX_REPLIES = 20_000
MAX_CACHE_BYTES = 128 * 1024 * 1024
MAX_CACHED_BODY_BYTES = 64 * 1024

BodyLookup = Callable[[Body], bytes | None]


def get_inline_body(body: Body) -> bytes | None:
    """Return a body that is bytes; None for one in the store."""
    return body if isinstance(body, bytes) else None


class ReplyCache:
    """Rendered replies by all that they depend on.

    A key has the identity of an example, so a cache must not outlive its examples.
    """

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
        """Return the reply of this key, else render it; it is pending while its body has to be read from the store.

        Without a key the reply is not kept. A large body stays in the store, unless `whole` requires all of its bytes.
        """
        cached = self._replies.get(key) if key is not None else None
        if cached is not None and (cached.end == inf or time() < cached.end):
            return cached

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
        previous = self._replies.get(key)
        if previous is not None:
            self._bytes -= len(previous.head) + len(previous.body)
        self._replies[key] = reply
        self._bytes += len(reply.head) + len(reply.body)


def make_vary_key(request: Request, *names: str) -> tuple[object, ...]:
    """Return the parts of a request that the bytes of an answer depend on.

    These are its method, these headers, its codings, and its preconditions and range.
    """
    headers = request.headers
    return (
        request.method,
        *(headers.get(name) for name in names),
        *[field for field in headers.fields if field[0].lower() in _VARYING],
    )
