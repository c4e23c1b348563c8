"""A decision is a value that explains itself: the winner or none, its points line by line, and what nearly won."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from matcher.candidate import Candidate, Match
from matcher.normal import path_text
from matcher.scores import PathLine, RequestPart
from matcher.settings import MatchSettings
from store.messages import Request


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """The points a part of the request gave, and why."""

    part: RequestPart
    points: int
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A part by which an example was filtered out: what the example has, what the request has; shortened."""

    part: RequestPart
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A candidate that does not answer a request, and every part that put it out: never none."""

    candidate: Candidate
    differences: tuple[Difference, ...]


class Background(Protocol):
    """What a decision asks when it is to explain itself: the index that made it."""

    settings: MatchSettings

    def __len__(self) -> int: ...

    def near_misses(self, request: Request) -> tuple[NearMiss, ...]:
        """The nearest candidates that were filtered out."""

    def runners_up(self, request: Request, winner: Match) -> tuple[Match, ...]:
        """The best candidates after the winner."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Which candidate answers a request, or that none does: then every example was filtered out by a named part.

    `as_get`: no HEAD example fitted, so it was decided as GET.
    """

    request: Request
    match: Match | None
    background: Background = field(repr=False, compare=False)
    as_get: bool = False

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
        """The line of the path table that decided."""
        return self.match.path_line if self.match else None

    @property
    def lines(self) -> tuple[ScoreLine, ...]:
        """The winner's score line by line; its points add up to `score`."""
        return score_lines(self.match, self.background.settings) if self.match else ()

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

    def near_misses(self) -> tuple[NearMiss, ...]:
        """Up to three examples that nearly answer, nearest first; worked out now. Empty on a hit."""
        return () if self.match else self.background.near_misses(self.request)

    def runners_up(self) -> tuple[Match, ...]:
        """Up to three examples that would answer without the winner, best first; worked out now."""
        return self.background.runners_up(self.request, self.match) if self.match else ()


def score_lines(match: Match, settings: MatchSettings) -> tuple[ScoreLine, ...]:
    """A score line by line. Host and body, where compared, filter and give no points."""
    lines = [
        ScoreLine(RequestPart.PATH, int(match.path_line), match.path_line.reason),
        ScoreLine(RequestPart.QUERY, int(match.query_fit), match.query_fit.reason),
    ]
    if settings.host:
        lines.append(ScoreLine(RequestPart.HOST, 0, "equal"))
    if settings.body:
        lines.append(ScoreLine(RequestPart.BODY, 0, "equal"))
    return tuple(lines)
