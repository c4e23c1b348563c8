"""The replay of a session: the answer to a miss, and the tally of its requests, which a mock has, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from understudy.matcher.body_forms.open_places import Marks
from understudy.matcher.decision import Decision
from understudy.matcher.explanation.rendering import describe_miss, summarize_nearest
from understudy.serving.answers.answer import NO_MATCH, render_explained_miss
from understudy.serving.answers.outcomes import Outcome
from understudy.serving.answers.replies import Hold
from understudy.serving.gateway.early_answers import EarlyAnswers
from understudy.serving.gateway.failed_exchanges import FAIL_UNFINISHED, FailedRequests, MissNote
from understudy.serving.gateway.miss_hints import suggest_ignored_places
from understudy.serving.grpc.recorded_calls import RecordedCalls
from understudy.store.errors import Hint
from understudy.store.model.collections import Example
from understudy.store.model.messages import Headers, Origin, Request, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour, Fault, FaultKind
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor

MOST_MISSES = 1_000
MOST_HOSTS = 3  # that an explanation lists
ALL_GIVEN = "its recorded answers were all given"
HANG_UP = Behaviour(fault=Fault(FaultKind.EMPTY))


class MissAnswer(StrEnum):
    """The answer to a request that was not recorded."""

    NOT_FOUND = "404"
    BAD_GATEWAY = "502"
    CLOSE = "close"  # no answer: the connection is closed


@dataclass(frozen=True, slots=True)
class Miss:
    """A request that was not recorded, without its secrets, and the reason in a few words."""

    method: str
    url: str
    reason: str
    hint: Hint | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class UnusedExample:
    """A recorded request that no client made, without its secrets; `entry` is the id of its exchange."""

    method: str
    url: str
    entry: int | None


def explain_miss(decision: Decision) -> str:
    """Return why a session has no answer, in a few words."""
    return summarize_nearest(decision) if decision.candidate is None else ALL_GIVEN


class Tally:
    """The requests of a replay: which examples of the session were used, and which requests were misses.

    Belongs to one thread. `redactor` removes secrets from misses. `misses` counts equal misses, up to MOST_MISSES
    different ones; `further` counts the rest. `has_requests`: whether there was any request. `source` names what
    answers, such as `session checkout`.
    """

    def __init__(self, redactor: Redactor = BUILT_IN_REDACTOR) -> None:
        self.redactor = redactor
        self.source = ""
        self.examples: Sequence[Example] = ()
        self.misses: Counter[Miss] = Counter()
        self.further = 0
        self.has_requests = False
        self._used: set[str] = set()

    def note(self, request: Request, outcome: Outcome, note: MissNote | None = None) -> None:
        """Count a request and its outcome; `note` has the reason of a miss that the nearest example does not show."""
        self.has_requests = True
        if outcome.example is not None:
            self._used.add(outcome.example.id)
        else:
            reason = note.text if note else explain_miss(outcome.decision)
            hint = note.hint if note else suggest_ignored_places(outcome.decision)
            self._count_miss(self._make_miss(request, reason, hint))

    def _count_miss(self, miss: Miss) -> None:
        if miss in self.misses or len(self.misses) < MOST_MISSES:
            self.misses[miss] += 1
        else:
            self.further += 1

    def note_divergence(self, request: Request, reason: str) -> None:
        """Count a WebSocket or gRPC call on which the client sent another message than the recorded one.

        This request began it.
        """
        self._count_miss(self._make_miss(request, reason))

    @property
    def unused_examples(self) -> list[UnusedExample]:
        """The recorded requests that no client made, in recorded order."""
        unused = (example for example in self.examples if example.id not in self._used)
        return [UnusedExample(one.request.method, self._redact_request(one.request).url, one.entry) for one in unused]

    def describe_hold(self, example: Example) -> Hold:
        """Return the hold of an example, without its secrets."""
        return Hold(example.request.method, self._redact_request(example.request).url, example.entry)

    def _make_miss(self, request: Request, reason: str, hint: Hint | None = None) -> Miss:
        return Miss(request.method, self._redact_request(request).url, self.redactor.redact_text(reason), hint)

    def _redact_request(self, request: Request) -> Request:
        # A summary shows method and URL only.
        return self.redactor.redact_request(replace(request, headers=Headers(), body=b""), b"")[0]


@dataclass(frozen=True, slots=True)
class RecordedWebSocket:
    """A recorded WebSocket: the exchange of its handshake, and the time of its answer, in seconds since the epoch."""

    exchange_id: int
    began: float


@dataclass(frozen=True, slots=True)
class Replay:
    """The settings and the state of a replay, except its answers.

    `websockets` are the recorded WebSockets by the ids of the examples of their handshakes. `failed` are requests that
    failed when they were recorded, `hosts` the normal forms of the recorded origins, `ignored_in_messages` the JSON
    paths that are not compared in messages of WebSockets and gRPC, `early` the answers that came before their request
    had ended, `held` the ids of the examples of what the client gave up, `calls` the recorded gRPC calls.
    """

    miss: MissAnswer = MissAnswer.NOT_FOUND
    tally: Tally = field(default_factory=Tally, compare=False)
    websockets: Mapping[str, RecordedWebSocket] = field(default_factory=dict)
    failed: FailedRequests = field(default_factory=FailedRequests, compare=False)
    hosts: frozenset[Origin] = frozenset()
    ignored_in_messages: Marks = field(default_factory=dict)
    early: EarlyAnswers = field(default_factory=EarlyAnswers)
    held: frozenset[str] = frozenset()
    calls: RecordedCalls = field(default_factory=RecordedCalls)

    def note(self, request: Request, outcome: Outcome) -> None:
        """Count a request and its outcome."""
        decision = outcome.decision
        self.tally.note(request, outcome, self._find_note(decision.request) if decision.candidate is None else None)

    def explain(self, decision: Decision) -> str:
        """Return why a request is a miss, in a few words."""
        note = self._find_note(decision.request)
        return note.text if note else explain_miss(decision)

    def _find_note(self, request: Request) -> MissNote | None:
        """Return the reason that comes before the nearest example."""
        return self.failed.explain(request) or self._explain_unknown_host(request)

    def _explain_unknown_host(self, request: Request) -> MissNote | None:
        if request.origin is not None or len(self.hosts) < 2:
            return None
        listed = _format_hosts(sorted(map(str, self.hosts)))
        return MissNote(f"it is for none of the recorded hosts, {listed}", Hint("name_upstream"))

    def resolve_behaviour(self, outcome: Outcome) -> Behaviour | None:
        """Return the behaviour of an answer: a recorded failure fails again, and a miss may close the connection."""
        if outcome.example is None:
            return HANG_UP if self.miss is MissAnswer.CLOSE else None
        return None if outcome.example.behaviour == PLAIN else outcome.example.behaviour

    def find_hold(self, request: Request, example: Example) -> Hold | None:
        """Return what holds the answer open after its last byte; None for an answer that ends.

        HEAD of what was given up as GET gets its whole answer: there is no body.
        """
        is_head_alone = request.method == "HEAD" and example.behaviour == FAIL_UNFINISHED
        return None if is_head_alone or example.id not in self.held else self.tally.describe_hold(example)

    def render_failure(self, outcome: Outcome) -> Response:
        """Render the answer to a miss: what differs, and the explanation."""
        is_miss = outcome.decision.match is None and outcome.decision.problem is None
        response = self._render_not_recorded(outcome.decision) if is_miss else outcome.render_failure()
        return replace(response, status=502) if self.miss is MissAnswer.BAD_GATEWAY else response

    def _render_not_recorded(self, decision: Decision) -> Response:
        # Postman's text is about method and path only, but a replay compares query, body and host, too.
        texts = describe_miss(decision)
        note = self._find_note(decision.request)
        reason = self.tally.redactor.redact_text(note.text if note else texts.nearest)
        session = self.tally.source or "the session"
        header, _ = NO_MATCH
        message = f"This request is not in {session}{f': {reason}' if reason else ''}."
        if note is None:
            hint = suggest_ignored_places(decision)
            return render_explained_miss(header, message, texts.explanation, hint=hint)
        return render_explained_miss(header, message, texts.explanation, note.text, note.hint)


def _format_hosts(hosts: Sequence[str]) -> str:
    further = len(hosts) - MOST_HOSTS
    *first, last = [*hosts[:MOST_HOSTS], f"{further} more"] if further > 0 else hosts
    return f"{', '.join(first)} and {last}"
