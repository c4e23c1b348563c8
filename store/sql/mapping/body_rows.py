"""Bodies as rows: one row for each content, named by its digest."""

from __future__ import annotations

import hashlib
from typing import Any

from understudy.store.model.messages import Body, BodyRef, PiecedBody

Columns = dict[str, Any]
"""The values of one row by the names of its columns."""


class NewBodies:
    """The bodies of the things that are about to be stored: one row for each content, and the keys of their pieces."""

    def __init__(self) -> None:
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


def body_from_columns(digest: str | None, size: int | None) -> Body:
    """Return the reference to a stored body, or empty bytes where the row has no digest."""
    return BodyRef(digest, size or 0) if digest else b""
