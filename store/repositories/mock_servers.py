"""What the store promises of mock servers, the keys to them and the calls they had; see `store.repositories.store`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from understudy.store.model.calls import Call
from understudy.store.model.mock_servers import ApiKey, MockServer, ServerError


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

    def list_server_errors(self, mock_server_id: str) -> Sequence[ServerError]:
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

    def list_newest(self, criteria: CallFilter, limit: int) -> Sequence[Call]:
        """The last `limit` calls, oldest first."""
        ...

    def count(self, criteria: CallFilter) -> int:
        """How many calls are kept that fit."""
        ...

    def clear(self, mock_server_id: str) -> int:
        """Forget the calls of a mock server; returns how many."""
        ...
