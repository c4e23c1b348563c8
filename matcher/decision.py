"""A decision is a value that explains itself: the winner or none, its points line by line, and what nearly won."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from understudy.matcher import mock_headers
from understudy.matcher.mock_headers import SelectorProblem, Selectors
from understudy.matcher.normal_forms import normalize_path
from understudy.matcher.parts.bodies import NO_BODY
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import PathLine, RequestPart
from understudy.store.model.fast_init import fast_init
from understudy.store.model.messages import Request


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """The points a part of the request gave, and why."""

    part: RequestPart
    points: int
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A part by which an example was filtered out, or not quite equal: what it has, what the request has; shortened.

    `note` says how they were compared, where that is not what one would expect; `places` are the first few at which two
    JSON bodies differ.
    """

    part: RequestPart
    expected: str
    actual: str
    note: str = ""
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A candidate that does not answer a request, and every part that put it out: never none."""

    candidate: Candidate
    differences: tuple[Difference, ...]


class Explainer(Protocol):
    """What a decision asks when it is to explain itself: the index that made it."""

    def __len__(self) -> int: ...

    def find_near_misses(self, request: NormalRequest) -> tuple[NearMiss, ...]:
        """The nearest candidates that were filtered out."""

    def find_runners_up(self, request: NormalRequest, winner: Match) -> tuple[Match, ...]:
        """The best candidates after the winner."""

    def find_bare_item(self, request: NormalRequest) -> str | None:
        """The name of the request item that has no example, if it is the one asked for."""


@fast_init
@dataclass(frozen=True, slots=True)
class Decision:
    """Which candidate answers a request, or that none does: then every example was filtered out by a named part.

    `as_get`: no HEAD example fitted, so it was decided as GET. `problem` is what is wrong with a selector header of the
    request: then nothing was decided.
    """

    normal_request: NormalRequest = field(repr=False, compare=False)
    match: Match | None
    explainer: Explainer = field(repr=False, compare=False)
    is_get_fallback: bool = False
    problem: SelectorProblem | None = None

    @property
    def request(self) -> Request:
        """The request that was decided on."""
        return self.normal_request.original

    @property
    def selectors(self) -> Selectors:
        """What the request's own headers asked for."""
        return self.normal_request.selectors

    @property
    def candidate(self) -> Candidate | None:
        """The winner, or None on a miss."""
        return self.match.candidate if self.match else None

    @property
    def score(self) -> int | None:
        """The winner's points."""
        return self.match.score if self.match else None

    @property
    def path_line(self) -> PathLine | None:
        """The line of the path table that decided; None on a miss, and where an example was asked for by name."""
        return self.match.path_line if self.match else None

    @property
    def lines(self) -> tuple[ScoreLine, ...]:
        """The winner's score line by line; its points add up to `score`."""
        if not self.match:
            return ()
        return explain_score(self.match, self.normal_request)

    @property
    def captures(self) -> dict[str, str]:
        """What the wildcards of the winner's path stand for, percent-decoded, by name."""
        if not self.match or self.match.path_line is not PathLine.WILDCARDS:
            return {}
        return self.match.candidate.path.extract_captures(normalize_path(self.request.path))

    @property
    def candidate_count(self) -> int:
        """How many candidates there were to decide among."""
        return len(self.explainer)

    @property
    def bare_item(self) -> str | None:
        """The name of the request item that would answer if it had an example; worked out now. None on a hit."""
        if self.match or self.problem or self.selectors.is_named:
            return None
        return self.explainer.find_bare_item(self.normal_request)

    def find_near_misses(self) -> tuple[NearMiss, ...]:
        """Up to three examples that nearly answer, nearest first; worked out now. Empty on a hit."""
        if self.match or self.problem:
            return ()
        return self.explainer.find_near_misses(self.normal_request)

    def find_runners_up(self) -> tuple[Match, ...]:
        """Up to three examples that would answer without the winner, best first; worked out now."""
        if not self.match or self.selectors.is_named:
            return ()
        return self.explainer.find_runners_up(self.normal_request, self.match)


def explain_score(match: Match, request: NormalRequest) -> tuple[ScoreLine, ...]:
    """A score line by line. What filters, where it was compared, gives no points."""
    lines, selectors = [], request.selectors
    if selectors.code is not None:
        lines.append(ScoreLine(RequestPart.STATUS, 0, f"{selectors.code}, as {mock_headers.CODE} asks"))
    if match.path_line is None:
        part, header = (
            (RequestPart.ID, mock_headers.ID) if selectors.id is not None else (RequestPart.NAME, mock_headers.NAME)
        )
        return (*lines, ScoreLine(part, 0, f"as {header} asks; nothing else is compared"))
    lines += [
        ScoreLine(RequestPart.PATH, int(match.path_line), match.path_line.reason),
        ScoreLine(RequestPart.QUERY, int(match.query_fit), match.query_fit.reason),
    ]
    if request.settings.host:
        lines.append(ScoreLine(RequestPart.HOST, 0, "equal"))
    if request.header_names:
        lines.append(ScoreLine(RequestPart.HEADERS, 0, f"equal: {', '.join(request.header_names)}"))
    if request.settings.body:
        lines.append(ScoreLine(RequestPart.BODY, 0, _explain_body(match, request)))
    return tuple(lines)


def _explain_body(match: Match, asked: NormalRequest) -> str:
    if not asked.original.body:
        return "equal: both empty"
    pattern = match.candidate.body or NO_BODY
    note = asked.explain_body(pattern.places)
    word = "holds the example's" if pattern.required else "equal, as"
    return f"{word} {asked.digest_body(pattern.places).kind.label}" + (f": {note}" if note else "")
