"""What a gateway does right now: one immutable value, swapped whole when the mode or the examples change."""

from __future__ import annotations

from dataclasses import dataclass, field

from mitmproxy import http

from understudy.addons.notes import note_of
from understudy.serving.outcomes import Answers
from understudy.serving.rate_limits import OwnRateCounts, RateCounts
from understudy.serving.rendered import Rendered
from understudy.serving.replays import Replay
from understudy.store.entities import Mode
from understudy.store.messages import Origin
from understudy.store.mock_servers import PLAIN, Behaviour


@dataclass(frozen=True, slots=True)
class Active:
    """The mode with all that a request in it needs.

    `answers` is what mock, spy and replay answer from, `own` for requests in origin form. `behaviour` is what the mock
    server does on purpose, `rates` counts for its rate limits. `session_id` is recorded to in record and spy.
    `own_origin` is where a session's requests in origin form went to, as far as no upstream says it; `replay` is about
    replay mode. `rendered` belongs to this value alone.
    """

    mode: Mode
    answers: Answers = field(default_factory=Answers)
    own: Answers = field(default_factory=Answers)
    behaviour: Behaviour = PLAIN
    rates: RateCounts = field(default_factory=OwnRateCounts, compare=False)
    session_id: str | None = None
    own_origin: Origin | None = None
    replay: Replay = field(default_factory=Replay, compare=False)
    rendered: Rendered = field(default_factory=Rendered, compare=False)

    @property
    def has_answers(self) -> bool:
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
