"""What a gateway does right now: one immutable value, swapped whole when the mode or the examples change."""

from __future__ import annotations

from dataclasses import dataclass, field

from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.rate_limits import LocalRateCounts, RateCounts
from understudy.serving.answers.reply_cache import ReplyCache
from understudy.serving.gateway.replay import Replay
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Origin
from understudy.store.model.mock_servers import PLAIN, Behaviour


@dataclass(frozen=True, slots=True)
class ActiveMode:
    """The mode with all that a request in it needs.

    `answers` is what mock, spy and replay answer from, `own` for requests in origin form. `behaviour` is what the mock
    server does on purpose, `rates` counts for its rate limits. `session_id` is recorded to in record and spy.
    `own_origin` is where a session's requests in origin form went to, as far as no upstream says it; `replay` is about
    replay mode. `rendered` belongs to this value alone.
    """

    mode: Mode
    answers: Answers = field(default_factory=Answers)
    reverse_answers: Answers = field(default_factory=Answers)
    behaviour: Behaviour = PLAIN
    rates: RateCounts = field(default_factory=LocalRateCounts, compare=False)
    session_id: str | None = None
    reverse_origin: Origin | None = None
    replay: Replay = field(default_factory=Replay, compare=False)
    reply_cache: ReplyCache = field(default_factory=ReplyCache, compare=False)

    @property
    def has_answers(self) -> bool:
        """Whether requests are answered from examples."""
        return self.mode in (Mode.MOCK, Mode.SPY, Mode.REPLAY)

    @property
    def is_recording(self) -> bool:
        """Whether what is forwarded is kept."""
        return self.mode in (Mode.RECORD, Mode.SPY)
