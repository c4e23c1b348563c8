"""Prefetch bodies that are compared one after the other: to read many at once costs less than to read each."""

from __future__ import annotations

from collections.abc import Iterable

from understudy.store.model.messages import Body, BodyRef
from understudy.store.repositories.history import Bodies

MAX_BODY_BYTES = 64 * 1024  # of one body; for a larger one the look-up is a small part of the cost
ROOM = 64 * 1024 * 1024  # bytes of all bodies


class BodyPrefetcher:
    """A reader of bodies that takes prefetched ones from memory; it holds as many as there is room for."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._cache: dict[str, bytes] = {}
        self._room = ROOM

    def prefetch(self, bodies: Iterable[Body]) -> None:
        """Read these bodies into memory: they will be read soon, perhaps more than once."""
        sizes = {body.digest: body.size for body in bodies if isinstance(body, BodyRef) and body.size <= MAX_BODY_BYTES}
        missing: set[str] = set()
        for digest, size in sizes.items():
            if digest not in self._cache and size <= self._room:
                self._room -= size
                missing.add(digest)
        if missing:
            self._cache |= self._bodies.read_many(missing, MAX_BODY_BYTES)

    def hold(self, body: BodyRef, content: bytes) -> None:
        """Keep a body that is at hand, if there is room."""
        if body.digest not in self._cache and body.size <= self._room:
            self._room -= body.size
            self._cache[body.digest] = content

    def clear(self) -> None:
        """Forget the prefetched bodies; `read` reads from the store from now on."""
        self._cache, self._room = {}, 0

    def read(self, body: Body) -> bytes:
        """Return the bytes of a body; raises what `Bodies.read` raises."""
        held = self._cache.get(body.digest) if isinstance(body, BodyRef) else None
        return self._bodies.read(body) if held is None else held
