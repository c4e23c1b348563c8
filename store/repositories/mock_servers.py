"""The protocols of mock servers, API keys and call logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from understudy.store.model.calls import Call
from understudy.store.model.mock_servers import ApiKey, MockServer, ServerError
from understudy.store.repositories.paging import Page, PageRequest


class MockServers(Protocol):
    """Mock servers with their saved server errors. Each change is written to the revision table."""

    def create(self, mock: MockServer) -> None:
        """Add a mock server; raise Conflict if its name or slug is taken, UserError if its name is not usable."""
        ...

    def find(self, text: str) -> MockServer:
        """Return the mock server with this name, slug, id or end of an id, in this order.

        Raises NotFound that lists some names, UserError for an end of several ids.
        """
        ...

    def list(self) -> Sequence[MockServer]:
        """Return all mock servers by name."""
        ...

    def read_page(self, request: PageRequest[str]) -> Page[MockServer, str]:
        """Return a page of the mock servers by name."""
        ...

    def save(self, mock: MockServer) -> int:
        """Replace a mock server by its edited form, except `sequences_epoch`; return the revision of that change.

        Raises NotFound if it was deleted, Conflict if another one has its name or slug, UserError if its collection
        differs or its name is not usable.
        """
        ...

    def restart_sequences(self, mock_server_id: str) -> int:
        """Restart the sequences of a mock server; return the revision of that change. Raises NotFound."""
        ...

    def delete(self, mock_server_id: str) -> None:
        """Delete a mock server with its server errors and its call log; its collection stays. Raises NotFound."""
        ...

    def list_server_errors(self, mock_server_id: str) -> Sequence[ServerError]:
        """Return the saved server errors of a mock server by name."""
        ...

    def read_server_error_page(self, mock_server_id: str, request: PageRequest[str]) -> Page[ServerError, str]:
        """Return a page of the saved server errors of a mock server by name."""
        ...

    def find_server_error(self, mock_server_id: str, text: str) -> ServerError:
        """Return the server error of a mock server with this name, id or end of an id.

        Raises NotFound that lists some names, UserError for an end of several ids.
        """
        ...

    def save_server_error(self, error: ServerError) -> None:
        """Add a server error, or replace the one with its id.

        Raises NotFound if its mock server does not exist, Conflict if that has another server error with this name.
        """
        ...

    def delete_server_error(self, error_id: str) -> None:
        """Delete a server error, and deactivate it where it is active; raise NotFound."""
        ...


class Keys(Protocol):
    """API keys to private mock servers. Each change is written to the revision table."""

    def add(self, key: ApiKey) -> None:
        """Add a key; raise Conflict if its name is taken, UserError if it is not a usable name."""
        ...

    def list(self) -> Sequence[ApiKey]:
        """Return all keys that were not revoked, by name."""
        ...

    def read_page(self, request: PageRequest[str]) -> Page[ApiKey, str]:
        """Return a page of the keys that were not revoked, by name."""
        ...

    def revoke(self, text: str) -> ApiKey:
        """Delete the key with this name, id or end of an id, in this order, and return it.

        Raises NotFound that lists some names, UserError for an end of several ids.
        """
        ...


@dataclass(frozen=True, slots=True)
class CallFilter:
    """The conditions on calls to a mock server; a call has to meet all that are set.

    `since` and `until` are seconds since the epoch (until excluded); `path` is a glob over the path without its query;
    `status` is a code or a class as in HistoryFilter; `matched` selects calls with or without an example. `after` and
    `before` are ids, and both are excluded.
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
    """The call logs. They are not in the revision table: programs follow one by the filter `after`."""

    def add(self, calls: Sequence[Call], limits: Mapping[str, int]) -> None:
        """Store calls, whose bodies are bytes, in one transaction; then shorten the logs in `limits`.

        `limits` maps ids of mock servers to the number of newest calls to keep. Calls to a mock server that was deleted
        meanwhile are ignored.
        """
        ...

    def get(self, call_id: int) -> Call:
        """Return one call; raise NotFound."""
        ...

    def list_newest(self, criteria: CallFilter, limit: int) -> Sequence[Call]:
        """Return the last `limit` calls, oldest first."""
        ...

    def list_oldest(self, criteria: CallFilter, limit: int) -> Sequence[Call]:
        """Return the first `limit` calls, oldest first."""
        ...

    def count(self, criteria: CallFilter) -> int:
        """Return the number of stored calls that meet the filter."""
        ...

    def clear(self, mock_server_id: str) -> int:
        """Delete the calls of a mock server; return how many were deleted."""
        ...
