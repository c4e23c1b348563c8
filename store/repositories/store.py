"""What the store promises: one Protocol per kind of thing. Values in, values out; threads may share a repository.

Every method raises StoreError when the store cannot do its work, and leaves it as it was. What is recorded is here, the
rest in the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from understudy.store.repositories.collections import Collections, Environments
from understudy.store.repositories.gateways import Changes, Gateways, Settings
from understudy.store.repositories.history import Bodies, History, Sessions
from understudy.store.repositories.mock_servers import Calls, Keys, MockServers


@dataclass(frozen=True, slots=True)
class Store:
    """All repositories of one store.

    `place` is where the data lies, for people; `close` releases it. `transaction(actor)` is a context manager: what the
    same thread does with any repository inside it is committed at its end, all or nothing, and each change is kept with
    the name of the actor. Inside another transaction it joins that one. Other writers wait for its end, so it must not
    wait for people, networks or programs.
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
    transaction: Callable[[str], AbstractContextManager[None]] = field(repr=False)
    close: Callable[[], None] = field(repr=False)
