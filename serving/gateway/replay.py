"""The replay of a session: what a miss is answered with, and what was asked of it so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from understudy.matcher.decision import Decision
from understudy.matcher.explanation.rendering import nearest_and_json, nearest_line
from understudy.serving.answers.answer import NO_MATCH, explained_miss
from understudy.serving.answers.outcomes import Outcome
from understudy.serving.gateway.failed_exchanges import FailedRequests
from understudy.store.model.collections import Example
from understudy.store.model.messages import Headers, Origin, Request, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour, Fault, FaultKind
from understudy.store.redaction.redactor import BUILT_IN, Redactor

MOST_MISSES = 1_000
MOST_HOSTS = 3  # of a session, in words
ALL_GIVEN = "its recorded answers were all given"
HANG_UP = Behaviour(fault=Fault(FaultKind.EMPTY))


class MissAnswer(StrEnum):
    """What a client gets whose request was not recorded."""

    NOT_FOUND = "404"
    BAD_GATEWAY = "502"
    CLOSE = "close"  # nothing: the connection is closed


@dataclass(frozen=True, slots=True)
class Missed:
    """A request that was not recorded, without its secrets; `why` in a few words."""

    method: str
    url: str
    why: str


@dataclass(frozen=True, slots=True)
class Unused:
    """A recorded request whose answer was not asked for, without its secrets; `entry` is its exchange's id."""

    method: str
    url: str
    entry: int | None


def why_missed(decision: Decision) -> str:
    """Why a session has no answer, in a few words."""
    return nearest_line(decision) if decision.candidate is None else ALL_GIVEN


class Tally:
    """What a replay was asked: which of the `session`'s `examples` it used, and what it had no answer to.

    Belongs to one thread. `redactor` takes out what is not to be shown. `misses` counts equal ones; of different ones
    so many are kept, `further` counts the others. `asked`: whether any request came.
    """

    def __init__(self, redactor: Redactor = BUILT_IN) -> None:
        self.redactor = redactor
        self.session = ""
        self.examples: Sequence[Example] = ()
        self.misses: Counter[Missed] = Counter()
        self.further = 0
        self.asked = False
        self._used: set[str] = set()

    def note(self, request: Request, what: Outcome, why: str = "") -> None:
        """Take note of one request and what came of it; `why` it is a miss, if that is not up to what is nearest."""
        self.asked = True
        if what.example is not None:
            self._used.add(what.example.id)
        else:
            self._miss(self._missed(request, why or why_missed(what.decision)))

    def _miss(self, missed: Missed) -> None:
        if missed in self.misses or len(self.misses) < MOST_MISSES:
            self.misses[missed] += 1
        else:
            self.further += 1

    def diverged(self, request: Request, why: str) -> None:
        """Take note of a WebSocket, begun by this request, on which the client did not say what was recorded."""
        self._miss(self._missed(request, why))

    @property
    def unused(self) -> list[Unused]:
        """The recorded requests whose answer was not asked for, in recorded order."""
        left = (example for example in self.examples if example.id not in self._used)
        return [Unused(one.request.method, self._shown(one.request).url, one.entry) for one in left]

    def _missed(self, request: Request, why: str) -> Missed:
        return Missed(request.method, self._shown(request).url, self.redactor.text(why))

    def _shown(self, request: Request) -> Request:
        # For people: which headers and body came is not told.
        return self.redactor.request(replace(request, headers=Headers(), body=b""), b"")[0]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recorded WebSocket: the exchange of its handshake, and when that was answered, in seconds since the epoch."""

    exchange_id: int
    began: float


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay is beside its answers. `websockets` has those that follow a handshake, by its example's id.

    `failed` are requests whose answer was never recorded, `hosts` those that were asked for when it was.
    """

    miss: MissAnswer = MissAnswer.NOT_FOUND
    tally: Tally = field(default_factory=Tally, compare=False)
    websockets: Mapping[str, Spoken] = field(default_factory=dict)
    failed: FailedRequests = field(default_factory=FailedRequests, compare=False)
    hosts: frozenset[Origin] = frozenset()

    def note(self, request: Request, what: Outcome) -> None:
        """Take note of one request and what came of it."""
        self.tally.note(request, what, self._told(what.decision.request) if what.decision.candidate is None else "")

    def why(self, decision: Decision) -> str:
        """Why a request is a miss, in a few words."""
        return self._told(decision.request) or why_missed(decision)

    def _told(self, request: Request) -> str:
        """What is to be said of a request rather than what is nearest."""
        return self.failed.why(request) or self._placeless(request)

    def _placeless(self, request: Request) -> str:
        if request.origin is not None or len(self.hosts) < 2:
            return ""
        listed = _listed(sorted(map(str, self.hosts)))
        how = "start with --upstream to name one, or set this as the client's proxy"
        return f"it is for none of the recorded hosts, {listed}; {how}"

    def behaviour(self, what: Outcome) -> Behaviour | None:
        """What is done on purpose: what failed fails again, and a miss may close the connection."""
        if what.example is None:
            return HANG_UP if self.miss is MissAnswer.CLOSE else None
        return None if what.example.behaviour == PLAIN else what.example.behaviour

    def failure(self, what: Outcome) -> Response:
        """The answer to a miss: what differs, and the explanation."""
        missed = what.decision.match is None and what.decision.problem is None
        response = self._not_recorded(what.decision) if missed else what.failure()
        return replace(response, status=502) if self.miss is MissAnswer.BAD_GATEWAY else response

    def _not_recorded(self, decision: Decision) -> Response:
        # Postman's words of method and path would mislead: here query, body and host have to be equal, too.
        nearest, explanation = nearest_and_json(decision)
        note = self._told(decision.request)
        why = self.tally.redactor.text(note or nearest)
        session = f"session {self.tally.session}" if self.tally.session else "the session"
        header, _ = NO_MATCH
        message = f"This request is not in {session}{f': {why}' if why else ''}."
        return explained_miss(header, message, explanation, note)


def _listed(hosts: Sequence[str]) -> str:
    left = len(hosts) - MOST_HOSTS
    *most, last = [*hosts[:MOST_HOSTS], f"{left} more"] if left > 0 else hosts
    return f"{', '.join(most)} and {last}"
