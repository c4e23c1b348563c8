"""Which mode new requests start in, and which one a flow started in."""

from __future__ import annotations

from mitmproxy import http

from understudy.addons.flow_notes import note_of
from understudy.serving.gateway.active import Active


class Current:
    """Holds the value that new requests start with. Assigned and read in the event loop only."""

    def __init__(self, active: Active) -> None:
        self.active = active

    def of(self, flow: http.HTTPFlow) -> Active:
        """What this flow started with; it is set when its headers arrive."""
        note = note_of(flow)
        if note.active is None:
            note.active = self.active
        return note.active
