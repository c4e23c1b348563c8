"""What a gateway does right now: one immutable value, swapped whole when the mode or the examples change."""

from __future__ import annotations

from dataclasses import dataclass, field

from mitmproxy import http

from addons.notes import note_of
from matcher.index import Index, compile_index
from serving.response_templates import Templates
from serving.sequences import Sequences
from store.entities import Mode
from store.messages import Origin


@dataclass(frozen=True, slots=True)
class Active:
    """The mode with all that a request in it needs.

    `index` and `sequences` answer in mock, spy and replay, `own_index` those requests that are in origin form;
    `templates` fills in the answers. `session_id` is recorded to in record and spy. `own_origin` is where a session's
    requests in origin form went to.
    """

    mode: Mode
    index: Index = field(default_factory=lambda: compile_index(()))
    own_index: Index = field(default_factory=lambda: compile_index(()))
    sequences: Sequences = field(default_factory=Sequences)
    templates: Templates = field(default_factory=Templates)
    session_id: str | None = None
    own_origin: Origin | None = None

    @property
    def answers(self) -> bool:
        """Whether requests are answered from examples."""
        return self.mode in (Mode.MOCK, Mode.SPY, Mode.REPLAY)

    @property
    def records(self) -> bool:
        """Whether what is forwarded is kept."""
        return self.mode in (Mode.RECORD, Mode.SPY)


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
