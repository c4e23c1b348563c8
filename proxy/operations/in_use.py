"""The guard against deleting what a running gateway uses."""

from __future__ import annotations

import time

from understudy.store.errors import Conflict, Hint
from understudy.store.repositories.store import Store


def check_not_in_use(
    store: Store,
    *,
    collection_id: str | None = None,
    mock_server_id: str | None = None,
    session_id: str | None = None,
    what: str,
    which: str,
) -> None:
    """Raise Conflict when a running gateway uses the collection, mock server or session of this id.

    `what` is the kind of thing and `which` its name, both for the message.
    """
    wanted = {"collection_id": collection_id, "mock_server_id": mock_server_id, "session_id": session_id}
    used = {name: value for name, value in wanted.items() if value is not None}
    for gateway in store.gateways.list_living(time.time()):
        if any(getattr(gateway.desired_state, name) == value for name, value in used.items()):
            raise Conflict(
                f"gateway {gateway.name} is using {what} {which}",
                what=what,
                which=which,
                hint=Hint("switch_gateway", {"gateway": gateway.name}),
            )
