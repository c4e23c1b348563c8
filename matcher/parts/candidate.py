"""What an index chooses among: an example, or all examples of one sequence, compiled for comparing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from understudy.matcher.parts.bodies import NO_BODY, BodyPattern, holds
from understudy.matcher.parts.headers import NO_HEADERS, HeaderPattern
from understudy.matcher.parts.normal_request import Asked
from understudy.matcher.parts.paths import PathPattern, first_line
from understudy.matcher.parts.queries import QueryPattern
from understudy.matcher.scores import PathLine, QueryFit
from understudy.matcher.settings import MatchSettings
from understudy.matcher.variables import NO_VARIABLES, Variables, filled, substituted
from understudy.store.errors import UnderstudyError
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part, Redacted
from understudy.store.model.fast_init import quick
from understudy.store.model.media_types import media_type
from understudy.store.model.messages import Body, Origin, Request

BodyOf = Callable[[Body], bytes]
Rank = tuple[int, int, str]

KEPT = 4096  # bytes of a body in the store that are kept at hand, to be compared and shown when a request asks


def redacted_names(redacted: frozenset[Redacted], part: Part) -> frozenset[str]:
    """The names among redacted places of one part."""
    return frozenset(place.name for place in redacted if place.part is part) if redacted else frozenset()


def plain_bytes(body: Body) -> bytes:
    """The bytes of a body that is kept as bytes; raises TypeError for a reference into the store."""
    if not isinstance(body, bytes):
        raise TypeError("comparing bodies needs body_of, which reads a BodyRef from the store")
    return body


def _read_now(body: Body, settings: MatchSettings, body_of: BodyOf) -> bytes | None:
    """The bytes of a body that must be compiled now: bodies are compared, or a request may ask and cannot wait."""
    if settings.body:
        return body_of(body)
    if isinstance(body, bytes) or not settings.selectors or body_of is plain_bytes:
        return None
    try:
        return body_of(body)
    except (UnderstudyError, OSError, ValueError):
        return None  # the example answers all the same, until its body is asked for


@quick
@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One example, or the examples of one sequence in recorded order; the newest one's request is the one compared.

    `request` is that request with variables substituted. `headers` and `body` are empty unless they are compared;
    `body` is None where a request may ask for it and it can be compiled then. `rank` breaks ties between equal path and
    query points: greater is better.
    """

    examples: tuple[Example, ...]
    request: Request
    path: PathPattern
    query: QueryPattern
    headers: HeaderPattern
    body: BodyPattern | None
    rank: Rank

    @classmethod
    def of(
        cls,
        examples: tuple[Example, ...],
        settings: MatchSettings,
        body_of: BodyOf = plain_bytes,
        variables: Variables = NO_VARIABLES,
    ) -> Candidate:
        """Compile examples whose ids rise; raises what `body_of` raises, and ValueError for a bad JSON path."""
        newest = examples[-1]
        request = newest.request if newest.literal else substituted(newest.request, variables)
        raw_path, _, raw_query = request.target.partition(b"?")
        raw = _read_now(request.body, settings, body_of)
        if raw is not None:
            raw = raw if newest.literal or raw is request.body else filled(raw, variables)
            request = request if raw is request.body or len(raw) > KEPT else replace(request, body=raw)
        wildcards = settings.wildcards and not newest.literal
        hidden = redacted_names(newest.redacted, Part.PATH)
        path = PathPattern.of(raw_path, wildcards=wildcards and not settings.exact_path, redacted=hidden)
        hidden = redacted_names(newest.redacted, Part.QUERY)
        query = QueryPattern.of(raw_query, hidden, settings.ignore_query, wildcards=wildcards)
        # Fewer wildcards, then more literal characters before the first, then the newest (spec, step 7).
        rank = (-len(path.shape) - len(query.wild), path.literal_length, newest.id)
        one = cls(examples, request, path, query, NO_HEADERS, None, rank)
        if raw is not None and (settings.body or not isinstance(request.body, bytes)):
            one = replace(one, body=one.compiled_body(raw, settings))
        return one.under(settings)

    def compiled_body(self, body: bytes, settings: MatchSettings) -> BodyPattern:
        """The pattern of the example's body under these settings."""
        redacted, literal = self.example.redacted, self.example.literal
        wildcards = settings.wildcards and not literal
        return BodyPattern.of(body, self.request.headers, redacted, settings, wildcards=wildcards)

    def under(self, settings: MatchSettings) -> Candidate:
        """The candidate under settings that differ in the headers and in whether bodies are compared.

        Raises ValueError if the body lies in the store, and was not read when the index was compiled.
        """
        headers, body = self._headers_under(settings), self.body
        if settings.body and body is None:
            if not isinstance(self.request.body, bytes):
                raise ValueError("its body was not read when the index was compiled")
            body = self.compiled_body(self.request.body, settings)
        if headers is self.headers and body is self.body:
            return self
        return replace(self, headers=headers, body=body)

    def _headers_under(self, settings: MatchSettings) -> HeaderPattern:
        names = settings.compared_headers()
        if not names:
            return NO_HEADERS
        redacted = redacted_names(self.example.redacted, Part.HEADER)
        wildcards = settings.wildcards and not self.example.literal
        return HeaderPattern.of(self.request.headers, names, redacted, wildcards=wildcards)

    def only(self, status: int) -> Candidate | None:
        """The candidate with those of its examples that answer with this status; None if there is none."""
        kept = tuple(example for example in self.examples if example.response.status == status)
        if len(kept) == len(self.examples):
            return self
        return replace(self, examples=kept) if kept else None

    @property
    def example(self) -> Example:
        """The newest example."""
        return self.examples[-1]

    @property
    def id(self) -> str:
        """The newest example's id."""
        return self.examples[-1].id

    @property
    def place(self) -> str:
        """The id by which candidates are ordered: the newest example's, even where only older ones are left."""
        return self.rank[-1]

    @property
    def method(self) -> str:
        """The method it answers."""
        return self.request.method

    @property
    def origin(self) -> Origin | None:
        """Where it was recorded from; None for one that was typed in."""
        return self.request.origin

    def fit(self, asked: Asked) -> QueryFit | None:
        """How well the query fits, path aside; None if query, headers or body put the candidate out."""
        if not self.headers_fit(asked) or not self.body_fits(asked):
            return None
        return self.query.fit(asked.pairs, asked.settings.query)

    def headers_fit(self, asked: Asked) -> bool:
        """Whether the compared headers have the same values."""
        return not asked.names or self.headers.key == asked.header_key(self.headers.any_value)

    def body_fits(self, asked: Asked) -> bool:
        """Whether the bodies are equal, or the settings do not ask."""
        if not asked.settings.body:
            return True
        body = self.body or NO_BODY
        if asked.settings.subset and body.least is not None:
            if media_type(asked.content_type) != body.least.media:
                return False
            form = body.least.form
            return form.within(asked.form_pairs) if form else holds(asked.json_value, body.least.value)
        if body.key != asked.body_key(body.places):
            return False
        return body.form is None or body.form.covers(asked.form_pairs)

    def match(self, asked: Asked) -> Match | None:
        """The score of this candidate, worked out by itself, without an index; None if anything puts it out.

        Not by distance: that is for when no candidate fits by any other line.
        """
        if self.method not in asked.methods or (asked.settings.host and self.origin != asked.request.origin):
            return None
        line = first_line(self.path, asked.text, asked.settings)
        fit = None if line is None else self.fit(asked)
        return None if line is None or fit is None else Match(self, line, fit)


@quick
@dataclass(frozen=True, slots=True)
class Match:
    """A candidate that answers a request, with the points it has for it; no path line if it was asked for by name."""

    candidate: Candidate
    path_line: PathLine | None
    query_fit: QueryFit

    @property
    def score(self) -> int:
        """Points for path and query."""
        return (self.path_line or 0) + self.query_fit

    @property
    def order(self) -> tuple[int, int, Rank]:
        """Greater is better: the score, then the tie rules."""
        return self.score, self.path_line or 0, self.candidate.rank
