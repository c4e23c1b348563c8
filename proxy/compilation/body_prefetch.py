"""Bodies read many at once, where they are compared one after the other: each look-up by itself costs more."""

from __future__ import annotations

from collections.abc import Iterable

from understudy.store.model.messages import Body, BodyRef
from understudy.store.repositories.history import Bodies

MAX_BODY_BYTES = 64 * 1024  # bytes of a body; a look-up for a larger one is a small part of what it costs
ROOM = 64 * 1024 * 1024  # bytes of all of them


class BodyPrefetcher:
    """Reads bodies; those that were announced come from memory, as many as there is room for."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._cache: dict[str, bytes] = {}
        self._room = ROOM

    def prefetch(self, bodies: Iterable[Body]) -> None:
        """These will be read soon, perhaps more than once."""
        sizes = {body.digest: body.size for body in bodies if isinstance(body, BodyRef) and body.size <= MAX_BODY_BYTES}
        wanted: set[str] = set()
        for digest, size in sizes.items():
            if digest not in self._cache and size <= self._room:
                self._room -= size
                wanted.add(digest)
        if wanted:
            self._cache |= self._bodies.read_many(wanted, MAX_BODY_BYTES)

    def clear(self) -> None:
        """Hold nothing any more: who keeps `read` reads from the store."""
        self._cache, self._room = {}, 0

    def read(self, body: Body) -> bytes:
        """The bytes of a body; raises what `Bodies.read` does."""
        held = self._cache.get(body.digest) if isinstance(body, BodyRef) else None
        return self._bodies.read(body) if held is None else held
