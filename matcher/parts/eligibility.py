"""Answers that make sense to one question alone: only that question gets them (docs/matching.md, "Eligible").

A 304 answers one precondition, a 206 one range, the answer to a GraphQL query that query.
"""

from __future__ import annotations

import msgspec

from understudy.matcher.parts.byte_ranges import KnownRange, parse_content_range
from understudy.matcher.parts.negotiation import HeaderTexts, read_exact_values
from understudy.matcher.parts.operations import Operation
from understudy.matcher.settings import MatchSettings
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part
from understudy.store.model.header_fields import read_vary
from understudy.store.model.messages import Headers, Request, measure_body

PRECONDITIONS = ("if-match", "if-modified-since", "if-none-match", "if-unmodified-since")
RANGES = ("if-range", "range")
CONDITIONS = (*PRECONDITIONS, *RANGES)
_CONDITIONAL_STATUSES = (304, 412)
_PARTIAL_STATUSES = (206, 416)


class TermKind(msgspec.Struct, frozen=True):
    """The parts of a request that a term looks at: candidates with terms of one kind share a look-up.

    `names` are headers compared exactly, `operation` is whether the operation counts ("full", or "loose" without its
    texts; "" if not). `within`: the request asks for one range of bytes inside those that are known.
    """

    names: tuple[str, ...] = ()
    operation: str = ""
    within: bool = False


TermKey = tuple[HeaderTexts, str]
"""The exact values of the headers of a term, and its operation."""


class Term(msgspec.Struct, frozen=True):
    """What a request must have to get an answer: these exact values, and this operation."""

    kind: TermKind
    values: HeaderTexts = ()
    operation: str = ""

    @property
    def key(self) -> TermKey:
        """The key that every request with this term has."""
        return self.values, self.operation


FREE = Term(TermKind())
"""The term that every request has."""
FREE_TERMS = (FREE,)


class Eligibility(msgspec.Struct, frozen=True):
    """The terms of a candidate, of which a request must have one.

    `known` is the range of the whole that a partial response holds, `tag` its ETag. `is_mixed`: only some of the
    examples of a sequence belong to their own request.
    """

    terms: tuple[Term, ...] = FREE_TERMS
    known: KnownRange | None = None
    tag: str | None = None
    is_mixed: bool = False


ANY_REQUEST = Eligibility()
"""The eligibility of an ordinary example."""


def compile_eligibility(
    examples: tuple[Example, ...], request: Request, operation: Operation | None, settings: MatchSettings
) -> Eligibility:
    """Return the eligibility of examples that answer one request, with the operation that it names, if that counts."""
    names, known = _list_bound_fields(examples, request) if settings.eligibility else ((), None)
    varied = _list_varied(examples) if settings.spy else ()
    if not names and not varied and operation is None:
        return ANY_REQUEST
    terms = [_make_term(request, (*names, *varied), operation)]
    if known is not None:
        terms.append(_make_term(request, varied, operation, within=True))
    is_mixed = bool(names) and any(is_unbound(example) for example in examples)
    if is_mixed:
        terms.append(_make_term(request, varied, operation))
    tag = examples[-1].response.headers.get("etag")
    return Eligibility(tuple(terms), known, tag, is_mixed)


def is_unbound(example: Example) -> bool:
    """Return whether an answer makes sense to requests with other preconditions and ranges too, by its status."""
    return example.response.status not in (*_CONDITIONAL_STATUSES, *_PARTIAL_STATUSES)


def _make_term(request: Request, names: tuple[str, ...], operation: Operation | None, *, within: bool = False) -> Term:
    level = "" if operation is None else "loose" if operation.is_redacted else "full"
    key = "" if operation is None else operation.loose_key if operation.is_redacted else operation.key
    names = tuple(sorted(names))
    return Term(TermKind(names, level, within), read_exact_values(request.headers, names), key)


def _list_varied(examples: tuple[Example, ...]) -> tuple[str, ...]:
    """Return the negotiating headers that spy mode compares; a redacted value equals any."""
    redacted = {place.name for place in examples[-1].redacted if place.part is Part.HEADER}
    return tuple({name for example in examples for name in read_vary(example.response.headers)} - redacted)


def _list_bound_fields(examples: tuple[Example, ...], request: Request) -> tuple[tuple[str, ...], KnownRange | None]:
    """Return the request headers that the answers belong to, and the range that they hold."""
    statuses = {example.response.status for example in examples}
    if statuses.isdisjoint((*_CONDITIONAL_STATUSES, *_PARTIAL_STATUSES)):
        return (), None
    names: tuple[str, ...] = ()
    if not statuses.isdisjoint(_CONDITIONAL_STATUSES) and any(name in request.headers for name in PRECONDITIONS):
        names = PRECONDITIONS
    if statuses.isdisjoint(_PARTIAL_STATUSES) or "range" not in request.headers:
        return names, None
    known = find_known_range(examples[-1])
    if known is not None and known.holds_all:
        return names, None  # it counts as a 200 whose whole body is known
    return (*names, *RANGES), known


def find_known_range(example: Example) -> KnownRange | None:
    """Return the range of the whole that the body of a 206 holds; None for several ranges, or for any other status."""
    if example.response.status != 206:
        return None
    known = parse_content_range(example.response.headers.get("content-range"))
    if known is None or measure_body(example.response.body) != known.last - known.first + 1:
        return None
    return known


def is_tag_equal(headers: Headers, tag: str | None) -> bool:
    """Return whether If-Range, if a request has it, names this ETag (RFC 9110, section 13.1.5)."""
    validator = headers.get("if-range")
    return validator is None or (tag is not None and not tag.startswith("W/") and validator.strip() == tag)
