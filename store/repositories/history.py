"""What the store promises of history: sessions, exchanges and bodies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from understudy.store.model.exchanges import Exchange, Session
from understudy.store.model.messages import Body, Origin
from understudy.store.model.websockets import WebSocketMessage


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which exchanges; every condition that is set must hold.

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
        """Whether the two globs hold; the other conditions are the store's to ask."""
        return (self.host is None or fnmatchcase(host, self.host)) and (
            self.path is None or fnmatchcase(path, self.path)
        )


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session with its number of exchanges, of failed ones among them, and the time of the last (None: empty)."""

    session: Session
    exchanges: int
    failed: int
    last_at: float | None


class Sessions(Protocol):
    """Named recordings."""

    def create(self, name: str, upstream: Origin | None) -> Session:
        """A new session; raises UserError when the name is taken or empty."""
        ...

    def find(self, text: str) -> Session:
        """The session of this name or id; raises NotFound."""
        ...

    def list_summaries(self) -> list[SessionSummary]:
        """All sessions, oldest first."""
        ...

    def delete(self, session_id: str) -> None:
        """Delete a session with its exchanges, and the bodies that nothing else uses."""
        ...


class History(Protocol):
    """All exchanges."""

    def add(self, exchanges: Sequence[Exchange]) -> list[int]:
        """Keep exchanges in one transaction, bodies once per content; returns their ids. All or none is kept."""
        ...

    def add_messages(self, messages: Sequence[tuple[int, WebSocketMessage]]) -> None:
        """Keep messages of WebSockets, each with the id of its handshake's exchange, in order, in one transaction."""
        ...

    def list_messages(self, exchange_id: int) -> list[WebSocketMessage]:
        """The messages of a WebSocket in the order they came; none for any other exchange."""
        ...

    def get(self, exchange_id: int) -> Exchange:
        """One exchange, its bodies as references; raises NotFound."""
        ...

    def select(self, criteria: HistoryFilter) -> Iterator[Exchange]:
        """The exchanges in recorded order (time started, then id), bodies as references, read page by page."""
        ...

    def list_newest(self, criteria: HistoryFilter, limit: int) -> list[Exchange]:
        """The last `limit` exchanges, in recorded order."""
        ...


class Bodies(Protocol):
    """The bytes that references name."""

    def read(self, body: Body) -> bytes:
        """The bytes of a body, whether given as bytes or as a reference; raises NotFound for an unknown one."""
        ...

    def read_pieces(self, body: Body) -> Iterator[bytes]:
        """The bytes of a body piece by piece, each read when it is asked for: a large body is never whole in memory."""
        ...

    def read_many(self, digests: Set[str], largest: int) -> dict[str, bytes]:
        """Those bodies of up to `largest` bytes that are there, by their digests, in few look-ups."""
        ...

    def read_response_bodies(self, collection_id: str, largest: int) -> Iterator[tuple[str, bytes]]:
        """The bodies of a collection's answers by their digests, those of up to `largest` bytes, oldest example first.

        Read as they are asked for, in one transaction: for who means to hold them in memory.
        """
        ...

    def read_piece(self, body: Body, position: int) -> bytes:
        """The piece at this position, from 0; raises NotFound behind the last one."""
        ...

    def add_pieces(self, pieces: Sequence[tuple[str, int, bytes]]) -> None:
        """Keep pieces of bodies that are coming in, as (key, position from 0, content), in one transaction.

        A key is a `new_id()` of the recorder. The exchange whose body is a `PiecedBody` of that key keeps them for
        good; pieces of a body that is there already are dropped, and those that nobody asks for within a day.
        """
        ...
