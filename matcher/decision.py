"""A decision is a value that explains itself: the winner or none, its points line by line, and what nearly won."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from understudy.matcher import mock_headers
from understudy.matcher.mock_headers import Problem, Selectors
from understudy.matcher.normal_forms import path_text
from understudy.matcher.parts.bodies import NO_BODY
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.parts.normal_request import Asked
from understudy.matcher.scores import PathLine, RequestPart
from understudy.store.model.fast_init import quick
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


class Background(Protocol):
    """What a decision asks when it is to explain itself: the index that made it."""

    def __len__(self) -> int: ...

    def near_misses(self, asked: Asked) -> tuple[NearMiss, ...]:
        """The nearest candidates that were filtered out."""

    def runners_up(self, asked: Asked, winner: Match) -> tuple[Match, ...]:
        """The best candidates after the winner."""

    def without_example(self, asked: Asked) -> str | None:
        """The name of the request item that has no example, if it is the one asked for."""


@quick
@dataclass(frozen=True, slots=True)
class Decision:
    """Which candidate answers a request, or that none does: then every example was filtered out by a named part.

    `as_get`: no HEAD example fitted, so it was decided as GET. `problem` is what is wrong with a selector header of the
    request: then nothing was decided.
    """

    asked: Asked = field(repr=False, compare=False)
    match: Match | None
    background: Background = field(repr=False, compare=False)
    as_get: bool = False
    problem: Problem | None = None

    @property
    def request(self) -> Request:
        """The request that was decided on."""
        return self.asked.request

    @property
    def selectors(self) -> Selectors:
        """What the request's own headers asked for."""
        return self.asked.chosen

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
        return score_lines(self.match, self.asked)

    @property
    def captures(self) -> dict[str, str]:
        """What the wildcards of the winner's path stand for, percent-decoded, by name."""
        if not self.match or self.match.path_line is not PathLine.WILDCARDS:
            return {}
        return self.match.candidate.path.captures(path_text(self.request.path))

    @property
    def considered(self) -> int:
        """How many candidates there were to decide among."""
        return len(self.background)

    @property
    def without_example(self) -> str | None:
        """The name of the request item that would answer if it had an example; worked out now. None on a hit."""
        if self.match or self.problem or self.selectors.named:
            return None
        return self.background.without_example(self.asked)

    def near_misses(self) -> tuple[NearMiss, ...]:
        """Up to three examples that nearly answer, nearest first; worked out now. Empty on a hit."""
        if self.match or self.problem:
            return ()
        return self.background.near_misses(self.asked)

    def runners_up(self) -> tuple[Match, ...]:
        """Up to three examples that would answer without the winner, best first; worked out now."""
        if not self.match or self.selectors.named:
            return ()
        return self.background.runners_up(self.asked, self.match)


def score_lines(match: Match, asked: Asked) -> tuple[ScoreLine, ...]:
    """A score line by line. What filters, where it was compared, gives no points."""
    lines, chosen = [], asked.chosen
    if chosen.code is not None:
        lines.append(ScoreLine(RequestPart.STATUS, 0, f"{chosen.code}, as {mock_headers.CODE} asks"))
    if match.path_line is None:
        part, header = (
            (RequestPart.ID, mock_headers.ID) if chosen.id is not None else (RequestPart.NAME, mock_headers.NAME)
        )
        return (*lines, ScoreLine(part, 0, f"as {header} asks; nothing else is compared"))
    lines += [
        ScoreLine(RequestPart.PATH, int(match.path_line), match.path_line.reason),
        ScoreLine(RequestPart.QUERY, int(match.query_fit), match.query_fit.reason),
    ]
    if asked.settings.host:
        lines.append(ScoreLine(RequestPart.HOST, 0, "equal"))
    if asked.names:
        lines.append(ScoreLine(RequestPart.HEADERS, 0, f"equal: {', '.join(asked.names)}"))
    if asked.settings.body:
        lines.append(ScoreLine(RequestPart.BODY, 0, _body_reason(match, asked)))
    return tuple(lines)


def _body_reason(match: Match, asked: Asked) -> str:
    if not asked.request.body:
        return "equal: both empty"
    pattern = match.candidate.body or NO_BODY
    note = asked.body_note(pattern.places)
    word = "holds the example's" if pattern.least else "equal, as"
    return f"{word} {asked.reading(pattern.places).kind.words}" + (f": {note}" if note else "")
