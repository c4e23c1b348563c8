"""What the store promises: one Protocol per kind of thing. Values in, values out; threads may share a repository.

Every method raises StoreError when the store cannot do its work, and leaves it as it was. What is recorded is here, the
rest in the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from understudy.store.repositories.collections import Collections, Environments
from understudy.store.repositories.gateways import Changes, Gateways, Settings
from understudy.store.repositories.history import Bodies, History, Sessions
from understudy.store.repositories.mock_servers import Calls, Keys, MockServers


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
