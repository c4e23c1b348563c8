"""Candidates, among which an index chooses: an example, or all examples of one sequence, compiled for comparing."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from understudy.matcher.parts.bodies import NO_BODY, BodyPattern, contains_value
from understudy.matcher.parts.headers import NO_HEADERS, HeaderPattern
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.parts.paths import PathPattern, drop_open_base, find_first_line
from understudy.matcher.parts.queries import QueryPattern
from understudy.matcher.scores import PathLine, QueryFit
from understudy.matcher.settings import MatchSettings
from understudy.matcher.variables import NO_VARIABLES, Variables, substitute_in_example, substitute_in_text
from understudy.store.errors import UnderstudyError
from understudy.store.model.collections import EditablePart, Example
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.ids import OrderKey, compute_order_key
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Body, Origin, Request
from understudy.store.model.values import replace

BodyLoader = Callable[[Body], bytes]
Rank = tuple[int, int, OrderKey]
MatchOrder = tuple[int, int, int, int, bool, OrderKey]

MAX_KEPT_BODY = 4096  # bytes of a body from the store up to which it is kept in memory, to be compared and shown


def select_redacted_names(redacted: frozenset[RedactedPlace], part: Part) -> frozenset[str]:
    """Return the names of the redacted places in one part of the message."""
    return frozenset(place.name for place in redacted if place.part is part) if redacted else frozenset()


def require_bytes(body: Body) -> bytes:
    """Return a body that is kept as bytes; raises TypeError for a reference into the store."""
    if not isinstance(body, bytes):
        raise TypeError("comparing bodies needs load_body, which reads a BodyRef from the store")
    return body


def _load_if_needed(body: Body, settings: MatchSettings, load_body: BodyLoader) -> bytes | None:
    """Return the bytes of a body that must be compiled now, or None.

    That is so if bodies are compared, or if a request may ask for it: a decision cannot wait for the store.
    """
    if settings.body:
        return load_body(body)
    if isinstance(body, bytes) or not settings.selectors or load_body is require_bytes:
        return None
    try:
        return load_body(body)
    except (UnderstudyError, OSError, ValueError):
        return None  # the example still answers, except requests that compare its body


class Candidate(msgspec.Struct, frozen=True, eq=False):
    """One example, or the examples of one sequence in recorded order; the newest one's request is the one compared.

    `request` is that request with variables substituted. `headers` and `body` are empty unless they are compared;
    `body` is None if it can be compiled when a request asks for it. `rank` breaks ties between equal path and query
    points: the greater wins.
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
        load_body: BodyLoader = require_bytes,
        variables: Variables = NO_VARIABLES,
    ) -> Candidate:
        """Compile examples in rising order of their ids.

        Raises the exceptions of `load_body`, and ValueError for a redacted or ignored place that cannot be read.
        """
        newest = examples[-1]
        request = substitute_in_example(newest, variables)
        raw_path, _, raw_query = request.target.partition(b"?")
        body = _load_if_needed(request.body, settings, load_body)
        if body is not None:
            is_plain = body is request.body or newest.is_literal(EditablePart.BODY)
            body = body if is_plain else substitute_in_text(body, variables)
            request = request if body is request.body or len(body) > MAX_KEPT_BODY else replace(request, body=body)
        recorded = newest.is_literal(EditablePart.PATH)
        wildcards = settings.wildcards and not recorded and not settings.exact_path
        hidden = select_redacted_names(newest.redacted, Part.PATH)
        raw_path = raw_path if recorded else drop_open_base(raw_path)
        path = PathPattern.of(raw_path, wildcards=wildcards, redacted=hidden, recorded=recorded)
        hidden = select_redacted_names(newest.redacted, Part.QUERY)
        wildcards = settings.wildcards and not newest.is_literal(EditablePart.QUERY)
        query = QueryPattern.of(
            raw_query, hidden, settings.ignore_query, wildcards=wildcards, ordered=settings.ordered_query
        )
        # Fewer wildcards, then more literal characters before the first, then newer (docs/matching.md, "Ties").
        rank = (-len(path.shape) - len(query.wild), path.literal_length, compute_order_key(newest.id))
        candidate = cls(examples, request, path, query, NO_HEADERS, None, rank)
        if body is not None and (settings.body or not isinstance(request.body, bytes)):
            candidate = replace(candidate, body=candidate.compile_body(body, settings))
        return candidate.apply_settings(settings)

    def compile_body(self, body: bytes, settings: MatchSettings) -> BodyPattern:
        """Return the pattern of the example's body under these settings."""
        wildcards = settings.wildcards and not self.example.is_literal(EditablePart.BODY)
        return BodyPattern.of(body, self.request.headers, self.example.redacted, settings, wildcards=wildcards)

    def apply_settings(self, settings: MatchSettings) -> Candidate:
        """Return the candidate under settings that differ in the headers and in whether bodies are compared.

        Raises ValueError if the body lies in the store, and was not read when the index was compiled.
        """
        headers, body = self._compile_headers(settings), self.body
        if settings.body and body is None:
            if not isinstance(self.request.body, bytes):
                raise ValueError("its body was not read when the index was compiled")
            body = self.compile_body(self.request.body, settings)
        wild = self.query.wild, headers.open_names, body.open_names if settings.body and body else ()
        rank = (-len(self.path.shape) - sum(map(len, wild)), *self.rank[1:])
        if headers is self.headers and body is self.body and rank == self.rank:
            return self
        return replace(self, headers=headers, body=body, rank=rank)

    def _compile_headers(self, settings: MatchSettings) -> HeaderPattern:
        names = settings.list_compared_headers()
        if not names:
            return NO_HEADERS
        redacted = select_redacted_names(self.example.redacted, Part.HEADER)
        edited = (name for name in names if not self.example.is_literal(EditablePart.HEADER, name))
        wild = frozenset(edited) if settings.wildcards else frozenset()
        return HeaderPattern.of(self.request.headers, names, redacted, wild)

    def filter_by_status(self, status: int) -> Candidate | None:
        """Return the candidate with those of its examples that answer with this status; None if it has none."""
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
    def order_key(self) -> OrderKey:
        """The key by which candidates are ordered: of the newest example, even if only older examples are left."""
        return self.rank[2]

    @property
    def method(self) -> str:
        """The method of the request that it answers."""
        return self.request.method

    @property
    def origin(self) -> Origin | None:
        """The normal form of the origin it was recorded from; None for an example that was typed in."""
        return self.request.origin.normal if self.request.origin else None

    def compute_fit(self, request: NormalRequest) -> QueryFit | None:
        """Return how well the query fits, or None if query, headers or body filter the candidate out.

        The path is not compared.
        """
        if not self.fits_headers(request) or not self.fits_body(request):
            return None
        return self.query.compute_fit(request.pairs, request.settings.query)

    def fits_headers(self, request: NormalRequest) -> bool:
        """Return whether the compared headers have the same values."""
        return not request.header_names or self.headers.key == request.build_header_key(self.headers.open_names)

    def fits_body(self, request: NormalRequest) -> bool:
        """Return whether the bodies are equal, or not compared under the settings."""
        if not request.settings.body:
            return True
        body = self.body or NO_BODY
        if request.settings.subset and body.required is not None:
            if parse_media_type(request.content_type) != body.required.media:
                return False
            form = body.required.form
            return (
                form.is_within(request.form_pairs) if form else contains_value(request.json_value, body.required.value)
            )
        if body.key != request.build_body_key(body.places):
            return False
        return body.form is None or body.form.covers(request.form_pairs)

    def match(self, request: NormalRequest) -> Match | None:
        """Return the match of this candidate alone, without an index; None if any part filters it out.

        Distance is not tried: it counts only when no candidate fits by any other line.
        """
        if self.method not in request.methods or (request.settings.host and self.origin != request.origin):
            return None
        line = find_first_line(self.path, request.path, request.settings)
        fit = None if line is None else self.compute_fit(request)
        return None if line is None or fit is None else self.make_match(line, fit, request)

    def make_match(self, line: PathLine, fit: QueryFit, request: NormalRequest) -> Match:
        """Return the match of this candidate, whose path fits by `line` and whose query has this fit."""
        is_equal = fit is QueryFit.EQUAL or fit is QueryFit.WILD
        return Match(self, line, fit, bool(is_equal and request.repeats and self.query.has_same_order(request.repeats)))


class Match(msgspec.Struct, frozen=True):
    """A candidate that answers a request, with its points; the path line is None if a selector header named it.

    `has_same_order`: the query repeats names, is equal, and the order of their values is equal too.
    """

    candidate: Candidate
    path_line: PathLine | None
    query_fit: QueryFit
    has_same_order: bool = False

    @property
    def score(self) -> int:
        """The points for path and query."""
        return (self.path_line or 0) + self.query_fit

    @property
    def order(self) -> MatchOrder:
        """The sort key of matches, the greatest wins: the score, then the tie rules (docs/matching.md, "Ties")."""
        wild, length, key = self.candidate.rank
        return self.score, self.path_line or 0, wild, length, self.has_same_order, key
