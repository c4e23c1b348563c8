"""The protocols of history: sessions, exchanges and bodies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from understudy.store.model.exchanges import Degradation, Exchange, Session
from understudy.store.model.messages import Body, Origin
from understudy.store.model.websockets import WebSocketMessage
from understudy.store.progress import ReportProgress
from understudy.store.repositories.paging import Page, PageRequest

MOST_RANGES = 500


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """The conditions on exchanges; an exchange has to meet all that are set.

    `id_ranges` are first and last ids, of which an exchange has to be in one, at most `MOST_RANGES`.
    `since` and `until` are seconds since the epoch (until excluded); `host`, `path` and `media_type` are globs (`*`,
    `?`, `[a-z]`, `[!a-z]`), of which the first two compare with case; `status` is a status code (`404`) or a class
    (`5xx`); `method` compares without case; `media_type` is that of the response, such as `application/json`; `search`
    has words that all have to be in the URL, the headers or the text of the bodies, each perhaps as the beginning of a
    word; what is in double quotes is a phrase.
    """

    ids: frozenset[int] | None = None
    session_id: str | None = None
    since: float | None = None
    until: float | None = None
    method: str | None = None
    host: str | None = None
    path: str | None = None
    status: str | None = None
    media_type: str | None = None
    search: str | None = None
    id_ranges: tuple[tuple[int, int], ...] = ()


class HistoryPosition(NamedTuple):
    """The place of an exchange in recorded order: the time it started, in seconds since the epoch, then its id."""

    started: float
    id: int

    @classmethod
    def of(cls, exchange: Exchange) -> HistoryPosition:
        """Return the place of a stored exchange."""
        return cls(exchange.timings.started, exchange.id)


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
        """Return the session with this name, id or end of an id, in this order.

        Raises NotFound that lists some names, UserError for an end of several ids.
        """
        ...

    def list_summaries(self) -> list[SessionSummary]:
        """Return all sessions, oldest first."""
        ...

    def read_summary_page(self, request: PageRequest[str]) -> Page[SessionSummary, str]:
        """Return a page of the sessions by id, which is oldest first; exchanges of others are not counted."""
        ...

    def rename(self, session_id: str, name: str) -> None:
        """Give a session another name; raise NotFound, Conflict if it is taken, UserError if it is not usable."""
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
        """Store exchanges, all or nothing; return their ids.

        An exchange with the start and the `key` of a stored one is that one: it is not stored again, and has its id.
        Large bodies, and small ones that repeat, are stored once per content. Raises ValueRefused if an exchange
        cannot be stored.
        """
        ...

    def add_messages(self, messages: Sequence[tuple[int, WebSocketMessage]]) -> None:
        """Store messages of WebSockets in their order, all or nothing, each with the id of its handshake's exchange."""
        ...

    def mark_degraded(self, degradations: Sequence[Degradation]) -> None:
        """Add reasons to those for which exchanges are incomplete; exchanges that are not stored are ignored."""
        ...

    def list_messages(self, exchange_id: int) -> list[WebSocketMessage]:
        """Return the messages of a WebSocket in their order; an empty list for any other exchange."""
        ...

    def get(self, exchange_id: int) -> Exchange:
        """Return one exchange, small bodies as bytes and others as references; raise NotFound."""
        ...

    def read_heads(self, exchange_id: int) -> tuple[bytes, bytes]:
        """Return the heads of request and response as they are stored, b"" without a response; raise NotFound.

        Those of HTTP/1 are as they were received, but for redacted values; see `store.head_blocks`.
        """
        ...

    def select(self, criteria: HistoryFilter) -> Iterator[Exchange]:
        """Yield the exchanges in recorded order (time started, then id), as `get` does, read page by page."""
        ...

    def select_ids(self, criteria: HistoryFilter) -> list[int]:
        """Return the ids of the exchanges that fit, in ascending order."""
        ...

    def index_for_search(self, report: ReportProgress = ...) -> None:
        """Bring the index for searches up to date, as each search does; it can take a minute for a large history.

        `report` is called with the numbers of added exchanges and of all that are to be added.
        """
        ...

    def count(self, criteria: HistoryFilter, most: int) -> int:
        """Return how many exchanges fit; where they are more than `most`, counting ends with `most` + 1."""
        ...

    def list_newest(self, criteria: HistoryFilter, limit: int, before: HistoryPosition | None = None) -> list[Exchange]:
        """Return the last `limit` exchanges, or the last before a position, in recorded order."""
        ...

    def list_oldest(self, criteria: HistoryFilter, limit: int, after: HistoryPosition | None = None) -> list[Exchange]:
        """Return the first `limit` exchanges, or the first after a position, in recorded order."""
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
