"""What the store promises: one Protocol per kind of thing. Values in, values out; threads may share a repository.

Every method raises StoreError when the store cannot do its work, and leaves it as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Protocol

from store.calls import Call
from store.entities import (
    Change,
    Collection,
    Environment,
    Example,
    Exchange,
    Folder,
    Gateway,
    GatewayState,
    RequestItem,
    Session,
)
from store.messages import Body, Origin
from store.mock_servers import ApiKey, MockServer, ServerError
from store.websockets import WebSocketMessage


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

    def globs_hold(self, host: str, path: str) -> bool:
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


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """A collection with its numbers of request items and examples."""

    collection: Collection
    items: int
    examples: int


@dataclass(frozen=True, slots=True)
class CollectionUpdate:
    """What is added to a collection, kept in one transaction.

    `marks` remember (exchange id, example id or None) as promoted; `dropped` are ids of examples to take out.
    """

    items: Sequence[RequestItem] = ()
    examples: Sequence[Example] = ()
    marks: Sequence[tuple[int, str | None]] = ()
    dropped: Sequence[str] = ()


class Sessions(Protocol):
    """Named recordings."""

    def create(self, name: str, upstream: Origin | None) -> Session:
        """A new session; raises UserError when the name is taken or empty."""
        ...

    def find(self, text: str) -> Session:
        """The session of this name or id; raises NotFound."""
        ...

    def summaries(self) -> list[SessionSummary]:
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

    def messages(self, exchange_id: int) -> list[WebSocketMessage]:
        """The messages of a WebSocket in the order they came; none for any other exchange."""
        ...

    def get(self, exchange_id: int) -> Exchange:
        """One exchange, its bodies as references; raises NotFound."""
        ...

    def select(self, wanted: HistoryFilter) -> Iterator[Exchange]:
        """The exchanges in recorded order (time started, then id), bodies as references, read page by page."""
        ...

    def newest(self, wanted: HistoryFilter, limit: int) -> list[Exchange]:
        """The last `limit` exchanges, in recorded order."""
        ...


class Bodies(Protocol):
    """The bytes that references name."""

    def read(self, body: Body) -> bytes:
        """The bytes of a body, whether given as bytes or as a reference; raises NotFound for an unknown one."""
        ...

    def pieces(self, body: Body) -> Iterator[bytes]:
        """The bytes of a body piece by piece, each read when it is asked for: a large body is never whole in memory."""
        ...

    def read_many(self, digests: Set[str], largest: int) -> dict[str, bytes]:
        """Those bodies of up to `largest` bytes that are there, by their digests, in few look-ups."""
        ...

    def of_answers(self, collection_id: str, largest: int) -> Iterator[tuple[str, bytes]]:
        """The bodies of a collection's answers by their digests, those of up to `largest` bytes, oldest example first.

        Read as they are asked for, in one transaction: for who means to hold them in memory.
        """
        ...

    def piece(self, body: Body, position: int) -> bytes:
        """The piece at this position, from 0; raises NotFound behind the last one."""
        ...

    def add_pieces(self, pieces: Sequence[tuple[str, int, bytes]]) -> None:
        """Keep pieces of bodies that are coming in, as (key, position from 0, content), in one transaction.

        A key is a `new_id()` of the recorder. The exchange whose body is a `PiecedBody` of that key keeps them for
        good; pieces of a body that is there already are dropped, and those that nobody asks for within a day.
        """
        ...


class Collections(Protocol):
    """Collections with their folders, request items and examples. Every change is written to the revision table."""

    def create(self, name: str, variables: Mapping[str, str] | None = None) -> Collection:
        """A new collection; raises UserError when the name is taken or empty."""
        ...

    def find(self, text: str) -> Collection:
        """The collection of this name or id; raises NotFound."""
        ...

    def summaries(self) -> list[CollectionSummary]:
        """All collections by name."""
        ...

    def set_variables(self, collection_id: str, variables: Mapping[str, str]) -> None:
        """Give a collection these variables in the place of its own; raises NotFound."""
        ...

    def delete(self, collection_id: str) -> None:
        """Delete a collection with all that is in it, and the bodies that nothing else uses.

        Raises NotFound, and UserError that lists the mock servers that use it.
        """
        ...

    def add_folder(self, folder: Folder) -> None:
        """Keep a folder."""
        ...

    def folders(self, collection_id: str) -> list[Folder]:
        """The folders by position."""
        ...

    def items(self, collection_id: str) -> list[RequestItem]:
        """The request items by position."""
        ...

    def bare_items(self, collection_id: str) -> list[RequestItem]:
        """The request items that were typed in and have no example, by position."""
        ...

    def examples(self, collection_id: str) -> list[Example]:
        """The examples by id, bodies as references."""
        ...

    def examples_by_id(self, ids: Sequence[str]) -> list[Example]:
        """Those examples among `ids` that there are, by id, bodies as references: for who follows changes."""
        ...

    def example(self, example_id: str) -> Example:
        """One example, bodies as references; raises NotFound."""
        ...

    def find_example(self, text: str, collection_id: str | None = None) -> Example:
        """The example of this id, end of an id (4 characters or more) or name.

        Raises NotFound when there is none, UserError when there are several.
        """
        ...

    def promoted(self, collection_id: str) -> dict[int, str | None]:
        """The exchanges promoted to this collection so far, with their example; None where that was deleted."""
        ...

    def update(self, collection_id: str, update: CollectionUpdate) -> None:
        """Keep what a promotion or a person adds, all or none.

        The change it makes is one of each example if these are few, else one of the collection.
        """
        ...

    def save_example(self, example: Example) -> None:
        """Replace an example by its edited form; raises NotFound when it is gone."""
        ...

    def delete_example(self, example_id: str) -> None:
        """Delete an example, its request item too when that has no other; raises NotFound."""
        ...


class Environments(Protocol):
    """Named variables."""

    def save(self, environment: Environment) -> None:
        """Keep a new environment or replace it; raises UserError when the name belongs to another."""
        ...

    def find(self, text: str) -> Environment:
        """The environment of this name or id; raises NotFound."""
        ...

    def list(self) -> Sequence[Environment]:
        """All environments by name."""
        ...

    def delete(self, environment_id: str) -> None:
        """Delete an environment; raises NotFound, and UserError that lists the mock servers that use it."""
        ...


class Settings(Protocol):
    """Settings of the store; values are what JSON can say."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a setting, or the default."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        ...

    def set_once(self, key: str, value: Any) -> Any:
        """The value of a setting; this one is kept if there was none, and everybody who asks gets the same."""
        ...


class Gateways(Protocol):
    """Gateways that run, and what they are told to do."""

    def register(self, gateway: Gateway) -> None:
        """Keep a row for a gateway that starts, in place of one that had its address.

        Raises UserError when a living one has its name.
        """
        ...

    def living(self, now: float) -> Sequence[Gateway]:
        """The gateways whose heartbeat is recent, by name."""
        ...

    def beat(self, gateway_id: str, now: float, seen_revision: int, lost: int) -> GatewayState | None:
        """Say that a gateway lives; returns what it should be doing, None when its row is gone."""
        ...

    def want(self, gateway_id: str, state: GatewayState) -> int:
        """Tell a gateway its mode; returns the revision of that change. Raises NotFound."""
        ...

    def remove(self, gateway_id: str) -> None:
        """Take out the row of a gateway that ends."""
        ...


class MockServers(Protocol):
    """Mock servers with their saved server errors. Every change is written to the revision table."""

    def create(self, mock: MockServer) -> None:
        """Keep a new one; raises UserError when its name or slug is taken."""
        ...

    def find(self, text: str) -> MockServer:
        """The mock server of this name, slug or id; raises NotFound that lists some there are."""
        ...

    def list(self) -> Sequence[MockServer]:
        """All mock servers by name."""
        ...

    def save(self, mock: MockServer) -> int:
        """Replace one by its edited form, all but `sequences_epoch`; returns the revision of that change.

        Raises NotFound when it is gone, UserError when its name or slug belongs to another or its collection changed.
        """
        ...

    def restart_sequences(self, mock_server_id: str) -> int:
        """Have its sequences start over; returns the revision of that change. Raises NotFound."""
        ...

    def delete(self, mock_server_id: str) -> None:
        """Delete one with its server errors and its call log; its collection stays. Raises NotFound."""
        ...

    def server_errors(self, mock_server_id: str) -> Sequence[ServerError]:
        """Its saved server errors by name."""
        ...

    def save_server_error(self, error: ServerError) -> None:
        """Keep a new one or replace it; raises UserError when its mock server has another of this name."""
        ...

    def delete_server_error(self, error_id: str) -> None:
        """Delete one, which is active no more; raises NotFound."""
        ...


class Keys(Protocol):
    """Keys to private mock servers."""

    def add(self, key: ApiKey) -> None:
        """Keep a new key; raises UserError when its name is taken."""
        ...

    def list(self) -> Sequence[ApiKey]:
        """All keys that were not revoked, by name."""
        ...

    def revoke(self, text: str) -> ApiKey:
        """Take out the key of this name or id, and return it; raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls of a mock server; every condition that is set must hold.

    `since` and `until` are seconds since the epoch; `path` is a glob over path without query; `status` as in
    HistoryFilter; `matched` asks for calls that an example answered, or that none did. `after` is an id: newer ones.
    """

    mock_server_id: str
    since: float | None = None
    until: float | None = None
    method: str | None = None
    path: str | None = None
    status: str | None = None
    matched: bool | None = None
    after: int | None = None
    before: int | None = None


class Calls(Protocol):
    """The call logs. They are not in the revision table: who follows one asks for what came after an id."""

    def add(self, calls: Sequence[Call], limits: Mapping[str, int]) -> None:
        """Keep calls in one transaction, and of each mock server in `limits` the newest so many only.

        Their bodies are bytes. Calls of a mock server that was deleted meanwhile are let go.
        """
        ...

    def get(self, call_id: int) -> Call:
        """One call; raises NotFound."""
        ...

    def newest(self, wanted: CallFilter, limit: int) -> Sequence[Call]:
        """The last `limit` calls, oldest first."""
        ...

    def count(self, wanted: CallFilter) -> int:
        """How many calls are kept that fit."""
        ...

    def clear(self, mock_server_id: str) -> int:
        """Forget the calls of a mock server; returns how many."""
        ...


class Changes(Protocol):
    """The revision table."""

    def latest(self) -> int:
        """The number of the newest change, 0 when nothing ever changed."""
        ...

    def since(self, revision: int) -> list[Change] | None:
        """The changes after `revision`, in order; None when they were pruned and everything has to be read again."""
        ...


@dataclass(frozen=True, slots=True)
class Store:
    """All repositories of one store. `place` says where the data lies, for people; `close` releases it."""

    place: str
    sessions: Sessions
    history: History
    bodies: Bodies
    collections: Collections
    environments: Environments
    settings: Settings
    gateways: Gateways
    mock_servers: MockServers
    keys: Keys
    calls: Calls
    changes: Changes
    close: Callable[[], None] = field(repr=False)
