"""The mode that new requests start in, and the mode that a flow started in."""

from __future__ import annotations

from mitmproxy import http

from understudy.addons.flow_notes import get_note
from understudy.serving.gateway.active import ActiveMode
from understudy.store.model.messages import Origin


class CurrentMode:
    """The mode that new requests start in. Assigned and read in the event loop only."""

    def __init__(self, active: ActiveMode) -> None:
        self.active = active

    def active_for(self, flow: http.HTTPFlow) -> ActiveMode:
        """Return the mode that a flow started in; its first call, when the headers arrive, sets it."""
        note = get_note(flow)
        if note.active is None:
            to = flow.request
            note.active = self.active.for_origin(Origin(to.scheme, to.host.lower(), to.port))
        return note.active
