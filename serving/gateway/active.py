"""The mode of a gateway with all that its requests need: one immutable value, replaced when anything changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.rate_limits import LocalRateCounts, RateCounts
from understudy.serving.answers.reply_cache import ReplyCache
from understudy.serving.fields.dates import AS_NOW, Dates
from understudy.serving.gateway.replay import Replay
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Origin
from understudy.store.model.mock_servers import PLAIN, Behaviour


@dataclass(frozen=True, slots=True)
class ActiveMode:
    """The mode with all that a request in it needs.

    `answers` are the answers of mock, spy and replay to a client of a forward proxy, `reverse_answers` to a client of a
    reverse proxy. `behaviour` is that of the mock server, `rates` counts the calls for its rate limits. `session_id` is
    the session that record and spy record to. `reverse_origin` is the origin of requests to a reverse proxy, as the
    session has it, if no upstream is set. `replay` is for replay mode. `reply_cache` belongs to this value alone.
    `dates` is how recorded dates are sent.
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
    dates: Dates = AS_NOW

    @property
    def has_answers(self) -> bool:
        """Whether requests are answered from examples."""
        return self.mode in (Mode.MOCK, Mode.SPY, Mode.REPLAY)

    @property
    def is_recording(self) -> bool:
        """Whether exchanges that are forwarded are recorded."""
        return self.mode in (Mode.RECORD, Mode.SPY)
