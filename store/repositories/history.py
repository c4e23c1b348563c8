"""The protocols of history: sessions, exchanges and bodies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from understudy.store.model.exchanges import Exchange, Session
from understudy.store.model.messages import Body, Origin
from understudy.store.model.websockets import WebSocketMessage


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """The conditions on exchanges; an exchange has to meet all that are set.

    `since` and `until` are seconds since the epoch (until excluded); `host` and `path` are globs (`*`, `?`, `[a-z]`)
    that compare with case; `status` is a status code (`404`) or a class (`5xx`); `method` compares without case.
    """

    ids: frozenset[int] | None = None
    session_id: str | None = None
    since: float | None = None
    until: float | None = None
    method: str | None = None
    host: str | None = None
    path: str | None = None
    status: str | None = None

    def matches_globs(self, host: str, path: str) -> bool:
        """Whether an exchange meets the two globs; the store checks the other conditions in its query."""
        return (self.host is None or fnmatchcase(host, self.host)) and (
            self.path is None or fnmatchcase(path, self.path)
        )


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session with the numbers of its exchanges and failed exchanges.

    `last_at` is the time its last exchange started, in seconds since the epoch; None for an empty session.
    """

    session: Session
    exchanges: int
    failed: int
    last_at: float | None


class Sessions(Protocol):
    """Sessions, which are named recordings."""

    def create(self, name: str, upstream: Origin | None) -> Session:
        """Create a session; raise Conflict if the name is taken, UserError if it is not a usable name."""
        ...

    def find(self, text: str) -> Session:
        """Return the session with this name or id; raise NotFound that lists some names."""
        ...

    def list_summaries(self) -> list[SessionSummary]:
        """Return all sessions, oldest first."""
        ...

    def set_replay(self, session_id: str, lists: Mapping[str, Sequence[str]]) -> None:
        """Replace the lists that replays of a session use; raise NotFound."""
        ...

    def delete(self, session_id: str) -> None:
        """Delete a session with its exchanges, and the bodies that nothing else uses; raise NotFound."""
        ...


class History(Protocol):
    """The exchanges of all sessions, and the messages of WebSockets."""

    def add(self, exchanges: Sequence[Exchange]) -> list[int]:
        """Store exchanges, all or nothing, and each body once per content; return the ids of the exchanges.

        Raises ValueRefused if one of them cannot be stored.
        """
        ...

    def add_messages(self, messages: Sequence[tuple[int, WebSocketMessage]]) -> None:
        """Store messages of WebSockets in their order, all or nothing, each with the id of its handshake's exchange."""
        ...

    def list_messages(self, exchange_id: int) -> list[WebSocketMessage]:
        """Return the messages of a WebSocket in their order; an empty list for any other exchange."""
        ...

    def get(self, exchange_id: int) -> Exchange:
        """Return one exchange, its bodies as references; raise NotFound."""
        ...

    def select(self, criteria: HistoryFilter) -> Iterator[Exchange]:
        """Yield the exchanges in recorded order (time started, then id), bodies as references, read page by page."""
        ...

    def list_newest(self, criteria: HistoryFilter, limit: int) -> list[Exchange]:
        """Return the last `limit` exchanges, in recorded order."""
        ...


class Bodies(Protocol):
    """The contents of bodies. A method raises NotFound for a reference to a body that is not in the store."""

    def read(self, body: Body) -> bytes:
        """Return the bytes of a body, which may be bytes or a reference."""
        ...

    def read_pieces(self, body: Body) -> Iterator[bytes]:
        """Yield the bytes of a body piece by piece, so that a large body is never in memory as a whole."""
        ...

    def read_many(self, digests: Set[str], largest: int) -> dict[str, bytes]:
        """Return the bodies with these digests, in few queries.

        Bodies of more than `largest` bytes, bodies in pieces and unknown digests are left out.
        """
        ...

    def read_response_bodies(self, collection_id: str, largest: int) -> Iterator[tuple[str, bytes]]:
        """Yield digest and content of the response bodies of a collection, oldest example first.

        Bodies of more than `largest` bytes and bodies in pieces are left out. They are read in one transaction, while
        the caller iterates; it is meant for callers that hold them in memory.
        """
        ...

    def read_piece(self, body: Body, position: int) -> bytes:
        """Return the piece at this position, from 0; raise NotFound after the last one."""
        ...

    def add_pieces(self, pieces: Sequence[tuple[str, int, bytes]]) -> None:
        """Store pieces of bodies that are being received, as (key, position from 0, content), in one transaction.

        A key is a `new_id()` of the recorder. The exchange whose body is a `PiecedBody` with that key makes them
        permanent. Pieces are deleted if the same content is stored already, or if no exchange refers to them within a
        day.
        """
        ...
