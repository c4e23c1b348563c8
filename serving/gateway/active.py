"""The mode of a gateway with all that its requests need: one immutable value, replaced when anything changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.rate_limits import LocalRateCounts, RateCounts
from understudy.serving.answers.reply_cache import ReplyCache
from understudy.serving.fields.dates import AS_NOW, Dates
from understudy.serving.gateway.ignored_hosts import NO_HOSTS, IgnoredHosts
from understudy.serving.gateway.replay import Replay
from understudy.serving.loose_matches import LooseMatches
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Origin, Request
from understudy.store.model.mock_servers import PLAIN, Behaviour


@dataclass(frozen=True, slots=True)
class ActiveMode:
    """The mode with all that a request in it needs.

    `answers` are the answers of mock, spy and replay to a client of a forward proxy, `reverse_answers` to a client of a
    reverse proxy. `behaviour` is that of the mock server, `rates` counts the calls for its rate limits. `session_id` is
    the session that record and spy record to. `reverse_origin` is the origin of requests to a reverse proxy, as the
    session has it, if no upstream is set. `replay` is for replay mode. Requests to `ignored_hosts` are not
    recorded, and in a replay neither answered nor counted. `reply_cache` belongs to this value alone.
    `dates` is how recorded dates are sent. `loose_matches` are its answers by ids or by distance, for the log.
    `explains`: a header of each answer names its example. `rewrites_bodies`: URLs in bodies lead clients of a reverse
    proxy to it.
    """

    mode: Mode
    answers: Answers = field(default_factory=Answers)
    reverse_answers: Answers = field(default_factory=Answers)
    behaviour: Behaviour = PLAIN
    rates: RateCounts = field(default_factory=LocalRateCounts, compare=False)
    session_id: str | None = None
    reverse_origin: Origin | None = None
    ignored_hosts: IgnoredHosts = NO_HOSTS
    replay: Replay = field(default_factory=Replay, compare=False)
    reply_cache: ReplyCache = field(default_factory=ReplyCache, compare=False)
    dates: Dates = AS_NOW
    loose_matches: LooseMatches = field(default_factory=LooseMatches, compare=False)
    rewrites_bodies: bool = False
    explains: bool = False

    def for_origin(self, origin: Origin | None) -> ActiveMode:
        """Return the mode of requests to this origin: those that are not to be recorded are only passed on."""
        is_passed = self.ignored_hosts.has(origin) and self.is_recording
        return ActiveMode(Mode.PASS, rewrites_bodies=self.rewrites_bodies) if is_passed else self

    def is_unanswered(self, request: Request) -> bool:
        """Return whether a replay ignores this request."""
        return self.mode is Mode.REPLAY and self.ignored_hosts.has(request.origin)

    @property
    def has_answers(self) -> bool:
        """Whether requests are answered from examples."""
        return self.mode in (Mode.MOCK, Mode.SPY, Mode.REPLAY)

    @property
    def is_recording(self) -> bool:
        """Whether exchanges that are forwarded are recorded."""
        return self.mode.is_recording
