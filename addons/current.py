"""Which mode new requests start in, and which one a flow started in."""

from __future__ import annotations

from mitmproxy import http

from understudy.addons.flow_notes import get_note
from understudy.serving.gateway.active import ActiveMode


class CurrentMode:
    """Holds the value that new requests start with. Assigned and read in the event loop only."""

    def __init__(self, active: ActiveMode) -> None:
        self.active = active

    def active_for(self, flow: http.HTTPFlow) -> ActiveMode:
        """What this flow started with; it is set when its headers arrive."""
        note = get_note(flow)
        if note.active is None:
            note.active = self.active
        return note.active
