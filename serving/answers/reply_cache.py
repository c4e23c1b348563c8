"""Answers that do not depend on the request beyond a few of its headers, rendered once and kept, up to a bound."""

from __future__ import annotations

from collections.abc import Callable

from understudy.serving.answers.replies import Pending, Reply
from understudy.store.model.messages import LARGE_BODY, Body, Request, size_of

MOST_RENDERED = 20_000
MOST_RENDERED_BYTES = 128 * 1024 * 1024
LARGEST_RENDERED = 64 * 1024

BodyAtHand = Callable[[Body], bytes | None]


def at_hand(body: Body) -> bytes | None:
    """A body that is bytes; None for one in the store."""
    return body if isinstance(body, bytes) else None


class Rendered:
    """Replies by what they depend on. A key names an example by its identity: clear this when examples change."""

    __slots__ = ("_bytes", "_replies")

    def __init__(self) -> None:
        self._replies: dict[tuple[object, ...], Reply] = {}
        self._bytes = 0

    def reply(
        self,
        key: tuple[object, ...] | None,
        body: Body,
        bodies: BodyAtHand,
        render: Callable[[Body], Reply],
        *,
        whole: bool = False,
    ) -> Reply | Pending:
        """The reply kept under this key, else rendered, once the body is there; without a key it is not kept.

        A large body stays in the store, unless it has to be there as a `whole`.
        """
        known = self._replies.get(key) if key is not None else None
        if known is not None:
            return known

        def finish(content: Body) -> Reply:
            reply = render(content)
            if key is not None and len(reply.body) <= LARGEST_RENDERED:
                self._keep(key, reply)
            return reply

        content = bodies(body)
        if content is None and not whole and size_of(body) > LARGE_BODY:
            return finish(body)
        return Pending(body, finish) if content is None else finish(content)

    def _keep(self, key: tuple[object, ...], reply: Reply) -> None:
        if len(self._replies) >= MOST_RENDERED or self._bytes >= MOST_RENDERED_BYTES:
            self._replies.clear()
            self._bytes = 0
        self._replies[key] = reply
        self._bytes += len(reply.head) + len(reply.body)


def varying(request: Request, *names: str) -> tuple[object, ...]:
    """What of a request's headers an answer's bytes depend on: these, and the codings that it accepts."""
    headers = request.headers
    return (request.method, *(headers.get(name) for name in names), *headers.get_all("accept-encoding"))
