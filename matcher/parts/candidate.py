"""Candidates, among which an index chooses: an example, or all examples of one sequence, compiled for comparing."""

from __future__ import annotations

from collections.abc import Callable
from operator import is_

import msgspec

from understudy.matcher.parts.bodies import BodyPattern
from understudy.matcher.parts.body_comparison import is_equal_body
from understudy.matcher.parts.compared_body import ComparedBody, compile_body
from understudy.matcher.parts.eligibility import (
    ANY_REQUEST,
    CONDITIONS,
    PRECONDITIONS,
    RANGES,
    Eligibility,
    Term,
    compile_eligibility,
    is_tag_equal,
    is_unbound,
)
from understudy.matcher.parts.headers import NO_HEADERS, OPEN, HeaderPattern
from understudy.matcher.parts.negotiation import HeaderTexts, list_vary_names, read_exact_values
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.parts.operations import Operation
from understudy.matcher.parts.paths import PathPattern, drop_open_base, find_first_line
from understudy.matcher.parts.queries import QueryPattern
from understudy.matcher.scores import PathLine, QueryFit, RequestPart
from understudy.matcher.settings import MatchSettings
from understudy.matcher.variables import NO_VARIABLES, Variables, substitute_in_example, substitute_in_text
from understudy.store.errors import UnderstudyError
from understudy.store.model.collections import EditablePart, Example
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.ids import OrderKey, compute_order_key
from understudy.store.model.messages import Body, Origin, Request
from understudy.store.model.values import replace

BodyLoader = Callable[[Body], bytes]
Rank = tuple[int, int, OrderKey]
Preference = tuple[int, ...]
Points = tuple[int, int, float, int, int]
MatchOrder = tuple[int, int, float, int, int, Preference, OrderKey]

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
    """Return the bytes of a body that is compared, or None.

    A request may ask to compare it, and a decision cannot wait for the store.
    """
    if settings.body:
        return load_body(body)
    if isinstance(body, bytes):
        return body
    if load_body is require_bytes or not (settings.selectors or settings.prefer_body):
        return None
    try:
        return load_body(body)
    except (UnderstudyError, OSError, ValueError):
        return None  # the example still answers, except requests that compare its body


_TERM_PARTS = dict.fromkeys(PRECONDITIONS, RequestPart.PRECONDITION) | dict.fromkeys(RANGES, RequestPart.RANGE)


class Candidate(msgspec.Struct, frozen=True, eq=False):
    """One example, or the examples of one sequence in recorded order; the newest one's request is the one compared.

    `request` is that request with variables substituted. `headers` is empty unless headers are compared. `rank` breaks
    ties between equal path and query points: the greater wins. `vary` are the request headers that the responses name
    as negotiated.
    """

    examples: tuple[Example, ...]
    request: Request
    path: PathPattern
    query: QueryPattern
    headers: HeaderPattern
    compared_body: ComparedBody
    rank: Rank
    eligibility: Eligibility = ANY_REQUEST
    vary: tuple[str, ...] = ()

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
        body = _load_if_needed(request.body, settings, load_body)
        if body is not None and body is not request.body:
            body = body if newest.is_literal(EditablePart.BODY) else substitute_in_text(body, variables)
            request = request if len(body) > MAX_KEPT_BODY else replace(request, body=body)
        path, query = _compile_target(request, newest, settings)
        # Fewer wildcards, then more literal characters before the first, then newer (docs/matching.md, "Ties").
        rank = (-len(path.shape) - len(query.wild), path.literal_length, compute_order_key(newest.id))
        compared = compile_body(body, request, newest, settings)
        candidate = cls(examples, request, path, query, NO_HEADERS, compared, rank, vary=list_vary_names(examples))
        return candidate.apply_settings(settings)

    def apply_settings(self, settings: MatchSettings) -> Candidate:
        """Return the candidate under settings that differ in headers, body, eligibility and spy mode.

        Raises ValueError if the body lies in the store, and was not read when the index was compiled.
        """
        headers, compared = self._compile_headers(settings), self.compared_body.apply_settings(settings)
        open_count = compared.require_pattern().open_count if settings.body else 0
        wild = len(self.query.wild) + len(headers.open_headers) + open_count
        rank = (-len(self.path.shape) - wild, *self.rank[1:])
        operation = self._find_bound_operation(compared, settings)
        eligibility = compile_eligibility(self.examples, self.request, operation, settings)
        if eligibility == self.eligibility:
            eligibility = self.eligibility
        before = self.headers, self.compared_body, self.eligibility
        if all(map(is_, before, (headers, compared, eligibility))) and rank == self.rank:
            return self
        return replace(self, headers=headers, compared_body=compared, rank=rank, eligibility=eligibility)

    def _find_bound_operation(self, compared: ComparedBody, settings: MatchSettings) -> Operation | None:
        """Return the operation that a request must name to get this example; None if any may get it.

        Where whole bodies are compared, so are the operations in them.
        """
        if not settings.eligibility or not settings.looks_at_body or not is_recorded(self.example):
            return None
        operation = compared.operation
        is_compared = settings.body and not settings.subset and not settings.ignore_body
        return None if is_compared and operation is not None and operation.is_in_body else operation

    def _compile_headers(self, settings: MatchSettings) -> HeaderPattern:
        names = settings.list_compared_headers()
        if not names:
            return NO_HEADERS
        redacted = select_redacted_names(self.example.redacted, Part.HEADER)
        edited = (name for name in names if not self.example.is_literal(EditablePart.HEADER, name))
        wild = frozenset(edited) if settings.wildcards else frozenset()
        return HeaderPattern.of(self.request.headers, names, redacted, wild)

    @property
    def body(self) -> BodyPattern | None:
        """The body, compiled when it is first asked for; None if it could not be read."""
        return self.compared_body.pattern

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
        """Return how well the query fits, or None if query, headers, body or eligibility filter the candidate out.

        The path is not compared.
        """
        if self.eligibility is not ANY_REQUEST and not self.is_eligible(request):
            return None
        if not self.fits_headers(request) or not self.fits_body(request):
            return None
        return self.query.compute_fit(request.pairs, request.settings.query)

    def is_eligible(self, request: NormalRequest) -> bool:
        """Return whether the request is one that this answer makes sense to."""
        return any(self.fits_term(term, request) for term in self.eligibility.terms)

    def find_unbound(self, request: NormalRequest) -> Example | None:
        """Return the newest example of a mixed sequence that a request with other conditions may get; else None."""
        if not self.eligibility.is_mixed or self.fits_term(self.eligibility.terms[0], request):
            return None
        return next((example for example in reversed(self.examples) if is_unbound(example)), None)

    def fits_term(self, term: Term, request: NormalRequest) -> bool:
        """Return whether the request has one term of the candidate's eligibility."""
        if request.build_term_key(term.kind) != term.key:
            return False
        return not term.kind.within or self._holds_range(request)

    def _holds_range(self, request: NormalRequest) -> bool:
        asked, known = request.requested_range, self.eligibility.known
        if asked is None or known is None or known.locate(asked) is None:
            return False
        return is_tag_equal(request.original.headers, self.eligibility.tag)

    def list_unmet_parts(self, request: NormalRequest) -> list[RequestPart]:
        """Return the parts of the request that make it one that this answer does not make sense to."""
        if self.eligibility is ANY_REQUEST or self.is_eligible(request):
            return []
        term = self.eligibility.terms[0]
        asked = request.read_exact(term.kind.names)
        named = zip(term.kind.names, term.values, asked, strict=True)
        parts = dict.fromkeys(_TERM_PARTS.get(name, RequestPart.HEADERS) for name, one, other in named if one != other)
        if term.kind.operation and not self.has_same_operation(request):
            parts[RequestPart.OPERATION] = None
        return list(parts)

    def fits_headers(self, request: NormalRequest) -> bool:
        """Return whether the compared headers have the same values."""
        return not request.header_names or self.headers.key == request.build_header_key(self.headers.open_headers)

    def fits_body(self, request: NormalRequest) -> bool:
        """Return whether the bodies are equal, or not compared under the settings."""
        if not request.settings.body:
            return True
        return is_equal_body(self.compared_body.require_pattern(), request, contains=request.settings.subset)

    def match(self, request: NormalRequest) -> Match | None:
        """Return the match of this candidate alone, without an index; None if any part filters it out.

        Distance is not tried: it counts only when no candidate fits by any other line.
        """
        if self.method not in request.methods or (request.settings.host and self.origin != request.origin):
            return None
        line = find_first_line(self.path, request.path, request.settings)
        fit = None if line is None else self.compute_fit(request)
        return None if line is None or fit is None else Match(self, line, fit)

    def compute_preference(self, request: NormalRequest, names: tuple[str, ...]) -> Preference:
        """Return by how much this candidate is preferred among equals (docs/matching.md, "Ties"): the greater wins.

        `names` are the negotiating headers, in the order in which they count. In this order: the same range and
        preconditions, an equal body and the fewer wildcards in it, an equal operation, each header, the order of
        repeated query values.
        """
        is_same_question = self.read_conditions() == request.read_exact(CONDITIONS)
        body = self.prefer_body(request) if request.settings.prefer_body else ()
        mine = self.read_negotiated(names)
        theirs = request.read_exact(names)
        headers = [one in (other, OPEN) for one, other in zip(mine, theirs, strict=True)]
        return (is_same_question, *body, *headers, self.has_same_order(request))

    def read_conditions(self) -> HeaderTexts:
        """Return the range and the preconditions of the recorded request."""
        return read_exact_values(self.request.headers, CONDITIONS)

    def prefer_body(self, request: NormalRequest) -> tuple[int, int, int]:
        """Return whether the bodies are equal, the wildcards in an equal one (negative), whether operations are."""
        pattern = self.compared_body.pattern
        if pattern is not None and is_equal_body(pattern, request):
            return 1, -pattern.open_count, int(self.has_same_operation(request))
        return 0, 0, int(self.has_same_operation(request))

    def has_same_operation(self, request: NormalRequest) -> bool:
        """Return whether both requests name one operation."""
        mine = self.compared_body.operation
        theirs = None if mine is None else request.operation
        if mine is None or theirs is None:
            return False
        return mine.loose_key == theirs.loose_key if mine.is_redacted else mine.key == theirs.key

    def read_negotiated(self, names: tuple[str, ...]) -> HeaderTexts:
        """Return the values of negotiating headers; `OPEN` for one that is redacted."""
        values = read_exact_values(self.request.headers, names)
        redacted = select_redacted_names(self.example.redacted, Part.HEADER)
        if redacted.isdisjoint(names):
            return values
        named = zip(names, values, strict=True)
        return tuple(OPEN if name in redacted and value is not None else value for name, value in named)

    def has_same_order(self, request: NormalRequest) -> bool:
        """Return whether the request repeats query names, and an equal query has their values in the same order."""
        return bool(request.repeats and self.query.covers(request.pairs) and self.query.has_same_order(request.repeats))


def _compile_target(request: Request, example: Example, settings: MatchSettings) -> tuple[PathPattern, QueryPattern]:
    raw_path, _, raw_query = request.target.partition(b"?")
    recorded = example.is_literal(EditablePart.PATH)
    wildcards = settings.wildcards and not recorded and not settings.exact_path
    raw_path = raw_path if recorded else drop_open_base(raw_path)
    hidden = select_redacted_names(example.redacted, Part.PATH)
    path = PathPattern.of(raw_path, wildcards=wildcards, redacted=hidden, recorded=recorded)
    hidden = select_redacted_names(example.redacted, Part.QUERY)
    wildcards = settings.wildcards and not example.is_literal(EditablePart.QUERY)
    query = QueryPattern.of(
        raw_query, hidden, settings.ignore_query, wildcards=wildcards, ordered=settings.ordered_query, colons=True
    )
    return path, query


def is_recorded(example: Example) -> bool:
    """Return whether an example was recorded, whether edited since or not."""
    return example.literal or bool(example.fingerprint)


class Match(msgspec.Struct, frozen=True):
    """A candidate that answers a request, with its points; the path line is None if a selector header named it.

    Where other candidates tie with it, `negotiated` are the headers that break the tie, and `preference` is set once it
    was compared; `body_differs`: the tied ones differ in their bodies, and none equals that of the request. By
    distance, `similarity` is how much alike the one segment is that differs, from 0.75 to 1.
    """

    candidate: Candidate
    path_line: PathLine | None
    query_fit: QueryFit
    preference: Preference = ()
    negotiated: tuple[str, ...] = ()
    body_differs: bool = False
    similarity: float = 1

    @classmethod
    def of_tied(
        cls, candidate: Candidate, line: PathLine | None, fit: QueryFit, request: NormalRequest, names: tuple[str, ...]
    ) -> Match:
        """Return the match of a candidate that ties with others; `names` are their negotiating headers."""
        return cls(candidate, line, fit, candidate.compute_preference(request, names), names)

    def compare(self, request: NormalRequest) -> Match:
        """Return this match with its preference."""
        return replace(self, preference=self.candidate.compute_preference(request, self.negotiated))

    @property
    def score(self) -> int:
        """The points for path and query."""
        return (self.path_line or 0) + self.query_fit

    @property
    def points(self) -> Points:
        """The sort key of matches by all that a request does not have to be looked at again for."""
        wild, length, _ = self.candidate.rank
        return self.score, self.path_line or 0, self.similarity, wild, length

    @property
    def order(self) -> MatchOrder:
        """The sort key of matches, the greatest wins: the score, then the tie rules (docs/matching.md, "Ties")."""
        return *self.points, self.preference, self.candidate.order_key
