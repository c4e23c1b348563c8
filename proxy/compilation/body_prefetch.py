"""Bodies read many at once, where they are compared one after the other: each look-up by itself costs more."""

from __future__ import annotations

from collections.abc import Iterable

from understudy.store.model.messages import Body, BodyRef
from understudy.store.repositories.history import Bodies

LARGEST = 64 * 1024  # bytes of a body; a look-up for a larger one is a small part of what it costs
ROOM = 64 * 1024 * 1024  # bytes of all of them


class ReadingAhead:
    """Reads bodies; those that were announced come from memory, as many as there is room for."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._held: dict[str, bytes] = {}
        self._room = ROOM

    def announce(self, bodies: Iterable[Body]) -> None:
        """These will be read soon, perhaps more than once."""
        sizes = {body.digest: body.size for body in bodies if isinstance(body, BodyRef) and body.size <= LARGEST}
        wanted: set[str] = set()
        for digest, size in sizes.items():
            if digest not in self._held and size <= self._room:
                self._room -= size
                wanted.add(digest)
        if wanted:
            self._held |= self._bodies.read_many(wanted, LARGEST)

    def forget(self) -> None:
        """Hold nothing any more: who keeps `read` reads from the store."""
        self._held, self._room = {}, 0

    def read(self, body: Body) -> bytes:
        """The bytes of a body; raises what `Bodies.read` does."""
        held = self._held.get(body.digest) if isinstance(body, BodyRef) else None
        return self._bodies.read(body) if held is None else held
