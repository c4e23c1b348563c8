"""The outcome of a request: its decision, and the example whose turn it is, or an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import msgspec

from understudy.matcher.decision import Decision
from understudy.matcher.explanation.rendering import summarize_match_by_ids, summarize_nearest
from understudy.matcher.index import Index, compile_index
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.eligibility import RANGES
from understudy.matcher.parts.negotiation import read_exact_values
from understudy.matcher.scores import PathLine
from understudy.serving.answers.answer import render_error, render_malformed_header, render_miss
from understudy.serving.answers.behaviour_plan import apply_requested_delay, merge_behaviours
from understudy.serving.answers.rpc_ids import NewIds, map_ids
from understudy.serving.answers.sequences import Sequences, choose_by_range
from understudy.serving.answers.streams import RECORDED_TIMING
from understudy.serving.templates.response_templates import Templates
from understudy.store.errors import Hint
from understudy.store.model.calls import NEEDS_EXAMPLE, NO_MATCH
from understudy.store.model.collections import Example
from understudy.store.model.messages import Request, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour
from understudy.store.model.values import replace

LOOSE_LINES = frozenset({PathLine.IDS, PathLine.SLASHES_IDS, PathLine.DISTANCE})
"""The lines of the path table by which an example answers for another path than its own, without a person's word."""


class SequenceState(Protocol):
    """The positions in sequences of examples."""

    def next(self, candidate: Candidate) -> Example | None:
        """Return the example whose turn it is and move on; None when its sequence has ended."""
        ...

    def peek(self, candidate: Candidate) -> Example | None:
        """Return the example that was given last, without moving on; the first one before that."""
        ...

    def may_advance(self, candidate: Candidate) -> bool:
        """Return whether the next call may be answered by another example."""
        ...

    def reset(self) -> None:
        """Move every sequence back to its first example."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The source of answers: an index of examples, the state of its sequences, and its templates."""

    index: Index = field(default_factory=lambda: compile_index(()))
    sequences: SequenceState = field(default_factory=Sequences)
    templates: Templates = field(default_factory=Templates)


class Outcome(msgspec.Struct, frozen=True):
    """The decision on a request and the example that answers it, its templates filled in; None for an error.

    `is_filled`: the example is a template that was filled in for this request alone. `is_cacheable`: the same request
    gets the same answer as long as nothing is edited. `new_ids` are the ids of JSON-RPC that its answer must carry.
    """

    decision: Decision
    example: Example | None
    is_cacheable: bool = False
    is_filled: bool = False
    new_ids: NewIds = ()

    @property
    def has_answer(self) -> bool:
        """Whether there is an answer other than a miss."""
        return self.example is not None or self.decision.problem is not None

    @property
    def is_chosen(self) -> bool:
        """Whether a selector header chose the example, which is then sent as it is saved (docs/mock-servers.md)."""
        selectors = self.decision.selectors
        return selectors.code is not None or selectors.is_named

    @property
    def is_loose(self) -> bool:
        """Whether the example was found by ids or distance, or ties with others whose bodies all differ."""
        match = self.decision.match
        return match is not None and (match.path_line in LOOSE_LINES or match.body_differs)

    @property
    def path_reason(self) -> str:
        """How the path of the winner matched, in words."""
        match = self.decision.match
        return match.path_line.reason if match is not None and match.path_line is not None else "asked for by name"

    def resolve_behaviour(self, mock: Behaviour) -> Behaviour | None:
        """Return the behaviour of the answer; None for a plain one.

        The request's delay comes first, then the example's behaviour, then that of the mock server. Errors are never
        throttled: a client should not wait for the explanation.
        """
        own = PLAIN if self.example is None else self.example.behaviour
        if self.example is None and mock.bytes_per_second:
            mock = replace(mock, bytes_per_second=None)
        behaviour = apply_requested_delay(merge_behaviours(own, mock), self.decision.selectors.delay)
        if behaviour.timing is not None:  # it concerns streams only, see `resolve_timing`
            behaviour = replace(behaviour, timing=None)
        return None if behaviour == PLAIN else behaviour

    def resolve_timing(self, mock: Behaviour) -> float:
        """Return the factor for the recorded times of a stream: of the example, else of the mock server, else 1."""
        own = PLAIN if self.example is None else self.example.behaviour
        timing = own.timing if own.timing is not None else mock.timing
        return RECORDED_TIMING if timing is None else timing

    def find_limit_key(self, owner: str) -> str:
        """Return the key by which calls are counted for a rate limit.

        An example with a limit of its own is counted by itself, all others together by the key of their `owner`.
        """
        has_own = self.example is not None and self.example.behaviour.rate_limit is not None
        return f"{owner} {self.example.id}" if has_own and self.example else owner

    def render_failure(self) -> Response:
        """Render the error for a request without an example."""
        decision = self.decision
        if decision.problem is not None:
            return render_malformed_header(decision.problem)
        if decision.candidate is None:
            return render_miss(decision)
        return render_error(404, "sequenceEndedError", SEQUENCE_ENDED, REPEAT_ANSWERS)

    def explain_miss(self) -> str:
        """Return why no example answers, in a few words: as the error to the client does, or by the nearest example."""
        if self.decision.problem is not None:
            return self.decision.problem.message
        if self.decision.candidate is not None:
            return self.summary
        nearest, by_ids = summarize_nearest(self.decision), summarize_match_by_ids(self.decision)
        return "; ".join(filter(None, (nearest, by_ids))) or self.summary

    @property
    def summary(self) -> str:
        """How the request was decided, in a few words."""
        match = self.decision.match
        if match is None:
            if self.decision.problem:
                return "malformed header"
            return NEEDS_EXAMPLE if self.decision.bare_item is not None else NO_MATCH
        if self.example is None:
            return "the sequence has ended"
        body = ", body differs from every example" if match.body_differs else ""
        return self.path_reason if match.path_line is None else f"path {self.path_reason}, score {match.score}{body}"


SEQUENCE_ENDED = "All recorded answers to this request were given, and each of them is given once."
REPEAT_ANSWERS = Hint("repeat_answers")


def choose_turn(answers: Answers, decision: Decision, candidate: Candidate) -> Example | None:
    """Return the example of a sequence that answers a request; None when the sequence has ended.

    A request with other conditions than those of a sequence gets its newest answer that makes sense without them.
    Selector headers look at single examples. They, HEAD, and a range that does not start at 0 take no turn: HEAD asks
    about the answer that a GET gets, such a range goes on with one (docs/matching.md, "Sequences"). The recorded range
    itself takes a turn.
    """
    if decision.selectors.code is not None or decision.selectors.is_named:
        return candidate.example
    unbound = candidate.find_unbound(decision.normal_request)
    if unbound is not None:
        return unbound
    request = decision.normal_request
    asked = request.requested_range
    is_other = (asked is not None or len(candidate.examples) > 1) and (
        read_exact_values(request.original.headers, RANGES) != read_exact_values(candidate.request.headers, RANGES)
    )
    goes_on = is_other and asked is not None and asked.first != 0
    take_turn = answers.sequences.peek if goes_on or decision.is_head_by_get else answers.sequences.next
    example = take_turn(candidate)
    if example is None or not is_other or len(candidate.examples) == 1:
        return example
    return choose_by_range(example, candidate, request)


def find_outcome(answers: Answers, request: Request) -> Outcome:
    """Decide on a request, and move its sequence on."""
    decision = answers.index.decide(request)
    candidate = decision.candidate
    if candidate is None:
        return Outcome(decision, None, is_cacheable=True)
    fixed = not answers.sequences.may_advance(candidate)
    example = choose_turn(answers, decision, candidate)
    if example is None:
        return Outcome(decision, None)
    applied = answers.templates.apply(example, decision)
    filled = applied is not example
    new_ids = map_ids(partial(candidate.compared_body.list_rpc_ids, example), request)
    return Outcome(decision, applied, fixed and not filled, filled, new_ids)
