"""What an index chooses among: an example, or all examples of one sequence, compiled for comparing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matcher import bodies
from matcher.asked import Asked
from matcher.bodies import Places
from matcher.json_forms import json_place
from matcher.paths import PathPattern, first_line
from matcher.queries import QueryPattern
from matcher.scores import PathLine, QueryFit
from matcher.settings import MatchSettings
from store.entities import Example, Part
from store.messages import Body, Origin

BodyOf = Callable[[Body], bytes]
Rank = tuple[int, int, str]


def query_names(redacted: Places) -> frozenset[str]:
    """The query parameters among redacted places."""
    return frozenset(place.name for place in redacted if place.part is Part.QUERY)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One example, or the examples of one sequence in recorded order; the newest one's request is the one compared.

    `body_places` are the redacted places in its body, `body_key` the digest of the rest; both are empty unless bodies
    are compared. `rank` breaks ties between equal path and query points: greater is better.
    """

    examples: tuple[Example, ...]
    path: PathPattern
    query: QueryPattern
    body_places: Places
    body_key: bytes
    rank: Rank

    @classmethod
    def of(cls, examples: tuple[Example, ...], settings: MatchSettings, body_of: BodyOf) -> Candidate:
        """Compile examples whose ids rise; raises what `body_of` raises, and ValueError for a bad JSON path."""
        newest = examples[-1]
        request = newest.request
        wildcards = settings.wildcards and not newest.literal
        path = PathPattern.of(request.path, wildcards=wildcards)
        query = QueryPattern.of(request.query, query_names(newest.redacted), settings.ignore_query, wildcards=wildcards)
        places, body_key = bodies.NOWHERE, b""
        if settings.body:
            places = frozenset(place for place in newest.redacted if place.part in (Part.FORM, Part.JSON))
            for place in places:
                if place.part is Part.JSON:
                    json_place(place.name)  # an example whose secrets cannot be found is unusable, not just never equal
            body_key = bodies.body_key(body_of(request.body), request.headers, places)
        # Fewer wildcards, then more literal characters before the first, then the newest (spec, step 7).
        rank = (-len(path.shape) - len(query.wild), path.literal_length, newest.id)
        return cls(examples, path, query, places, body_key, rank)

    @property
    def example(self) -> Example:
        """The newest example."""
        return self.examples[-1]

    @property
    def id(self) -> str:
        """The newest example's id."""
        return self.examples[-1].id

    @property
    def method(self) -> str:
        """The method it answers."""
        return self.examples[-1].request.method

    @property
    def origin(self) -> Origin | None:
        """Where it was recorded from; None for one that was typed in."""
        return self.examples[-1].request.origin

    def fit(self, asked: Asked) -> QueryFit | None:
        """How well the query fits, path aside; None if query or body put the candidate out."""
        if asked.settings.body and self.body_key != asked.body_key(self.body_places):
            return None
        return self.query.fit(asked.pairs, asked.settings.query)

    def match(self, asked: Asked) -> Match | None:
        """The score of this candidate, worked out by itself, without an index; None if anything puts it out."""
        if self.method not in asked.methods or (asked.settings.host and self.origin != asked.request.origin):
            return None
        line = first_line(self.path, asked.text, asked.settings)
        fit = None if line is None else self.fit(asked)
        return None if line is None or fit is None else Match(self, line, fit)


@dataclass(frozen=True, slots=True)
class Match:
    """A candidate that fits a request, with the points it has for it."""

    candidate: Candidate
    path_line: PathLine
    query_fit: QueryFit

    @property
    def score(self) -> int:
        """Points for path and query."""
        return self.path_line + self.query_fit

    @property
    def order(self) -> tuple[int, int, Rank]:
        """Greater is better: the score, then the tie rules."""
        return self.path_line + self.query_fit, self.path_line, self.candidate.rank
