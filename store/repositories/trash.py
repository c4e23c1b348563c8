"""The protocol of the trash: what was deleted can be restored for a week, up to 1 GB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

KEPT_SECONDS = 7 * 24 * 3600.0
"""For how long a deletion can be undone."""
MOST_BYTES = 1024**3
"""The bytes of all deletions that can be undone together: beyond this, the oldest can be undone no more."""


class DeletionKind(StrEnum):
    """What was deleted."""

    SESSION = "session"
    ENTRIES = "entries"
    COLLECTION = "collection"
    EXAMPLE = "example"
    ENVIRONMENT = "environment"
    VARIABLES = "variables"
    MOCK_SERVER = "mock_server"
    SERVER_ERROR = "server_error"
    CALLS = "calls"
    REDACTION_RULES = "redaction_rules"


class DeletionState(StrEnum):
    """How far a deletion is: one that was interrupted in any state but DELETED goes on when the trash is tidied."""

    DELETING = "deleting"
    DELETED = "deleted"
    RESTORING = "restoring"
    FORGETTING = "forgetting"


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is deleted: the numbers of things by their names in the plural, and about how many bytes they take.

    Bodies that others use, too, are counted.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    size: int = 0


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deletion that can be undone.

    `subject` is the id of what was deleted, or of what it was part of; `at` is in seconds since the epoch. `details`
    are JSON values that its kind needs to be undone.
    """

    number: int
    kind: DeletionKind
    name: str
    subject: str | None
    state: DeletionState
    at: float
    actor: str | None
    amount: Amount
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def expires_at(self) -> float:
        """Until when it can be undone, in seconds since the epoch; earlier if the trash is full."""
        return self.at + KEPT_SECONDS


@dataclass(frozen=True, slots=True)
class Restored:
    """A deletion that was undone, and the name that what was deleted has now."""

    deletion: Deletion
    name: str


class Trash(Protocol):
    """What was deleted and can be restored. Nothing in it is found by another repository.

    Deletions of what may be large are several transactions; one that is interrupted goes on when the trash is tidied.
    Sessions and collections are gone from the first transaction, or from the last one, on.
    """

    def measure_session(self, session_id: str) -> Amount:
        """Return how much a session is; raise NotFound."""
        ...

    def measure_entries(self, ids: Sequence[int]) -> Amount:
        """Return how much entries of history are."""
        ...

    def measure_collection(self, collection_id: str) -> Amount:
        """Return how much a collection is."""
        ...

    def measure_calls(self, mock_server_id: str) -> Amount:
        """Return how much the call log of a mock server is."""
        ...

    def put_session(self, session_id: str) -> Deletion:
        """Delete a session; raise NotFound, and Conflict while a running gateway uses it."""
        ...

    def put_entries(self, ids: Sequence[int]) -> Deletion:
        """Delete entries of history; raise Conflict while a running gateway replays their session."""
        ...

    def put_collection(self, collection_id: str) -> Deletion:
        """Delete a collection; raise NotFound, and Conflict that lists the mock servers that use it."""
        ...

    def put_example(self, collection_id: str, example_id: str) -> Deletion:
        """Delete an example, and its request item if it has no other; raise NotFound."""
        ...

    def put_environment(self, environment_id: str) -> Deletion:
        """Delete an environment; raise NotFound, and Conflict that lists the mock servers that use it."""
        ...

    def put_mock_server(self, mock_server_id: str) -> Deletion:
        """Delete a mock server with its server errors and its call log; raise NotFound."""
        ...

    def put_server_error(self, error_id: str) -> Deletion:
        """Delete a server error, and deactivate it where it is active; raise NotFound."""
        ...

    def put_calls(self, mock_server_id: str) -> Deletion:
        """Delete the calls of a mock server."""
        ...

    def note_values(self, kind: DeletionKind, name: str, subject: str | None, details: Mapping[str, Any]) -> Deletion:
        """Note values that the caller deletes, such as variables; `details` hold them, and the caller restores them."""
        ...

    def list(self) -> Sequence[Deletion]:
        """Return the deletions that can be undone, the newest first."""
        ...

    def find(self, number: int) -> Deletion:
        """Return the deletion of this number; raise NotFound."""
        ...

    def restore(self, number: int) -> Restored:
        """Undo a deletion wholly. What has a name that is taken gets ` (restored)` after it.

        Raises NotFound, and Conflict if that which it was part of, or needs, is deleted itself.
        """
        ...

    def forget(self, number: int) -> None:
        """Delete what a deletion keeps, and overwrite its bytes; raise NotFound."""
        ...

    def tidy(self, now: float) -> None:
        """Complete what was interrupted, and forget what is too old or too much at `now` (seconds since the epoch)."""
        ...
