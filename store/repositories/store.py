"""`Store`, all repositories of one store.

The repositories take and return values of `store.model`, and threads may share them. Each method that changes the store
is one transaction, or part of an open one. Each method raises StoreError if the store cannot do its work, and then
changes nothing. Deletions of what may be large (a session, a collection, a mock server, its calls, old history) are
several transactions, so that no other writer waits long: what is deleted goes last, and a deletion that was interrupted
is completed when it is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from understudy.store.repositories.collections import Collections, Environments
from understudy.store.repositories.gateways import Changes, Gateways, Settings
from understudy.store.repositories.history import Bodies, History, Sessions
from understudy.store.repositories.ids import Ids
from understudy.store.repositories.maintenance import Maintenance
from understudy.store.repositories.mock_servers import Calls, Keys, MockServers
from understudy.store.repositories.trash import Trash


@dataclass(frozen=True, slots=True)
class Store:
    """All repositories of one store.

    `location` is the place of the data, for display; `close()` releases its resources. `further_rules` are redaction
    rules beside those in its settings, by the fields of `Rules`.

    `transaction(actor)` is a context manager. All that its thread does with the repositories inside is committed at its
    end, all or nothing, and each change in the revision table has the name of the actor. Inside another transaction it
    joins that one, whose actor stays. Other writers wait for its end, so code inside must not wait for people, networks
    or programs.

    `act_as(actor)` is a context manager that only gives the changes of its thread an actor: around a long deletion.
    `overwriting()` is one in which the bytes are overwritten that its thread deletes.
    """

    location: str
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
    ids: Ids
    maintenance: Maintenance
    trash: Trash
    transaction: Callable[[str], AbstractContextManager[None]] = field(repr=False)
    act_as: Callable[[str], AbstractContextManager[None]] = field(repr=False)
    overwriting: Callable[[], AbstractContextManager[None]] = field(repr=False)
    close: Callable[[], None] = field(repr=False)
    further_rules: Mapping[str, Sequence[str]] = field(default_factory=dict)
