"""The flows that are to be kept and are not yet: each is taken once, whichever of mitmproxy's hooks comes first."""

from __future__ import annotations

from mitmproxy import http

from understudy.addons.flow_notes import get_note
from understudy.addons.loop.commits import Commits


class BegunFlows:
    """Flows by the ids of their clients, from their request's head until they are with the history writer, or lost."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
        self._by_client: dict[str, dict[http.HTTPFlow, None]] = {}

    def begin(self, flow: http.HTTPFlow) -> None:
        """Note that a flow is to be kept, if that was not noted before."""
        note = get_note(flow)
        if note.is_begun:
            return
        note.is_begun = True
        self._by_client.setdefault(flow.client_conn.id, {})[flow] = None
        self._commits.begin()

    def take(self, flow: http.HTTPFlow) -> bool:
        """Take a flow to keep it; return False if it is not to be kept, or was taken before. `settle` has to follow."""
        client_id = flow.client_conn.id
        flows = self._by_client.get(client_id, {})
        if flow not in flows:
            return False
        del flows[flow]
        if not flows:
            del self._by_client[client_id]
        return True

    def settle(self) -> None:
        """Note that a flow that was taken is with the writer, or needs no keeping, or that its loss was counted."""
        self._commits.settle()

    def list_of_client(self, client_id: str) -> list[http.HTTPFlow]:
        """Return the flows of a client that were not taken."""
        return list(self._by_client.get(client_id, ()))
