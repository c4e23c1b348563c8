"""What a request is answered with: the decision, the example whose turn it is, or an error. Both mouths ask here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from understudy.matcher.decision import Decision
from understudy.matcher.index import Index, compile_index
from understudy.matcher.parts.candidate import Candidate
from understudy.serving.answers.answer import render_error, render_malformed_header, render_miss
from understudy.serving.answers.behaviour_plan import apply_requested_delay, merge_behaviours
from understudy.serving.answers.sequences import Sequences
from understudy.serving.answers.streams import RECORDED_TIMING
from understudy.serving.templates.response_templates import Templates
from understudy.store.errors import Hint
from understudy.store.model.calls import NEEDS_EXAMPLE, NO_MATCH
from understudy.store.model.collections import Example
from understudy.store.model.messages import Request, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour


class SequenceState(Protocol):
    """Where sequences stand."""

    def next(self, candidate: Candidate) -> Example | None:
        """The example whose turn it is; None when its sequence has ended."""
        ...

    def may_advance(self, candidate: Candidate) -> bool:
        """Whether the next call may be answered by another example."""
        ...

    def reset(self) -> None:
        """Start every sequence over."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What is answered from: an index, where its sequences stand, and its templates."""

    index: Index = field(default_factory=lambda: compile_index(()))
    sequences: SequenceState = field(default_factory=Sequences)
    templates: Templates = field(default_factory=Templates)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An example, its templates filled in; without one, nothing answers.

    `filled`: it is a template that was filled in for this request alone. `fixed`: the same request gets the same answer
    as long as nobody changes anything.
    """

    decision: Decision
    example: Example | None
    is_cacheable: bool = False
    is_filled: bool = False

    @property
    def has_answer(self) -> bool:
        """Whether there is an answer other than a miss."""
        return self.example is not None or self.decision.problem is not None

    @property
    def path_reason(self) -> str:
        """How the winner's path was found equal, in words."""
        match = self.decision.match
        return match.path_line.reason if match is not None and match.path_line is not None else "asked for by name"

    def resolve_behaviour(self, mock: Behaviour) -> Behaviour | None:
        """What is done to the answer on purpose: the request's wish for a delay, the example's, the mock server's.

        Bodies of errors are never sent slowly: who meets one is to read why.
        """
        own = PLAIN if self.example is None else self.example.behaviour
        of_mock = replace(mock, bytes_per_second=None) if self.example is None and mock.bytes_per_second else mock
        behaviour = apply_requested_delay(merge_behaviours(own, of_mock), self.decision.selectors.delay)
        if behaviour.timing is not None:  # it concerns streams alone, see `timing`
            behaviour = replace(behaviour, timing=None)
        return None if behaviour == PLAIN else behaviour

    def resolve_timing(self, mock: Behaviour) -> float:
        """What the recorded times of a streamed answer are multiplied by: as it is set for the example or the mock."""
        own = PLAIN if self.example is None else self.example.behaviour
        set_for = own.timing if own.timing is not None else mock.timing
        return RECORDED_TIMING if set_for is None else set_for

    def find_limit_key(self, mock: str) -> str:
        """By what calls are counted for a rate limit: the example if it has one of its own, else the mock server."""
        own = self.example is not None and self.example.behaviour.rate_limit is not None
        return f"{mock} {self.example.id}" if own and self.example else mock

    def render_failure(self) -> Response:
        """The error to answer with where there is no example."""
        decision = self.decision
        if decision.problem is not None:
            return render_malformed_header(decision.problem)
        if decision.candidate is None:
            return render_miss(decision)
        return render_error(404, "sequenceEndedError", SEQUENCE_ENDED, REPEAT_ANSWERS)

    @property
    def summary(self) -> str:
        """How it came to this, in a few words."""
        match = self.decision.match
        if match is None:
            if self.decision.problem:
                return "malformed header"
            return NEEDS_EXAMPLE if self.decision.bare_item is not None else NO_MATCH
        if self.example is None:
            return "the sequence has ended"
        return self.path_reason if match.path_line is None else f"path {self.path_reason}, score {match.score}"


SEQUENCE_ENDED = "All recorded answers to this request were given, and each of them is given once."
REPEAT_ANSWERS = Hint("repeat_answers")


def find_outcome(answers: Answers, request: Request) -> Outcome:
    """Decide, and take the sequence a step further."""
    decision = answers.index.decide(request)
    candidate = decision.candidate
    if candidate is None:
        return Outcome(decision, None, is_cacheable=True)
    fixed = not answers.sequences.may_advance(candidate)
    example = answers.sequences.next(candidate)
    if example is None:
        return Outcome(decision, None)
    applied = answers.templates.apply(example, decision)
    filled = applied is not example
    return Outcome(decision, applied, fixed and not filled, filled)
