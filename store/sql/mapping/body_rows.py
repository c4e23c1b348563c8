"""Bodies as rows, one for each content, named by its digest; and small ones inline, in the row of their exchange."""

from __future__ import annotations

import hashlib
from threading import Lock
from typing import Any

from understudy.store.model.messages import Body, BodyRef, PiecedBody

Columns = dict[str, Any]
"""The values of one row by the names of its columns."""


# A digest and its index entry take as much room as such a body, and an entry of an index is at a random place.
ALWAYS_INLINE_BYTES = 256
MAX_INLINE_BYTES = 16 * 1024
RECENT_BODIES = 1_000


class RecentBodies:
    """The digests of the last bodies that were stored inline: of those that repeat, one copy is kept."""

    def __init__(self) -> None:
        self._digests: dict[bytes, None] = {}  # in the order they came
        self._lock = Lock()

    def note(self, digest: bytes) -> bool:
        """Note a body; return whether it is one of the last."""
        with self._lock:
            if digest in self._digests:
                return True
            self._digests[digest] = None
            if len(self._digests) > RECENT_BODIES:
                del self._digests[next(iter(self._digests))]
            return False


class NewBodies:
    """The bodies of the things that are about to be stored: one row for each content, and the keys of their pieces.

    `recent` are those of this store that were inline.
    """

    def __init__(self, recent: RecentBodies | None = None) -> None:
        self._recent = recent or RecentBodies()
        self.rows: dict[str, Columns] = {}
        self.keys: list[str] = []  # of pieces

    def add(self, body: Body) -> str | None:
        """Add a body and return its digest; None if it is empty."""
        if isinstance(body, PiecedBody):
            self.keys.append(body.key)
            self.rows[body.digest] = {"digest": body.digest, "size": body.size, "content": b"", "pieces": body.key}
            return body.digest
        if isinstance(body, BodyRef):
            return body.digest if body.size else None
        if not body:
            return None
        digest = hashlib.sha256(body).hexdigest()
        self.rows[digest] = {"digest": digest, "size": len(body), "content": body, "pieces": None}
        return digest

    def add_inline(self, body: Body) -> tuple[bytes | None, str | None]:
        """Return a body that its row holds, or add it and return its digest; None for both if it is empty."""
        if not isinstance(body, bytes) or len(body) > MAX_INLINE_BYTES:
            return None, self.add(body)
        if len(body) <= ALWAYS_INLINE_BYTES:
            return body or None, None
        hashed = hashlib.sha256(body)
        if not self._recent.note(hashed.digest()):
            return body, None
        digest = hashed.hexdigest()
        self.rows[digest] = {"digest": digest, "size": len(body), "content": body, "pieces": None}
        return None, digest


def inline_body_from_columns(content: bytes | None, digest: str | None, size: int | None) -> Body:
    """Return a body that its row holds, the reference to another one, or empty bytes without either."""
    return BodyRef(digest, size or 0) if digest else content or b""


def body_from_columns(digest: str | None, size: int | None) -> Body:
    """Return the reference to a stored body, or empty bytes where the row has no digest."""
    return BodyRef(digest, size or 0) if digest else b""
