"""The specification's algorithm as it is written, over every example: what the index must agree with.

Slow and plain on purpose. Of the product it uses only the normal forms and the numbers' names, never keys or look-ups.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations

from matcher import bodies, normal
from matcher.settings import MatchSettings, QueryRule
from store.entities import Example, Part
from store.messages import Request

Score = tuple[int, int, int, int, str]  # total, path, fewer wildcards, literal characters, id
Pair = tuple[str, str | None]
WILD = re.compile(rb"([^{}]*)\{\{([^{}]+)\}\}([^{}]*)|():([A-Za-z_][A-Za-z0-9_-]*)([^{}]*)")


def decide(request: Request, examples: Sequence[Example], settings: MatchSettings) -> tuple[str, int] | None:
    """The winner's id and score, or None."""
    found = best(request, examples, settings, request.method)
    if found is None and request.method == "HEAD":
        found = best(request, examples, settings, "GET")
    return (found[4], found[0]) if found else None


def best(request: Request, examples: Sequence[Example], settings: MatchSettings, method: str) -> Score | None:
    """Every example scored, the highest taken."""
    newest = {example.sequence or ("", example.id): example for example in sorted(examples, key=lambda one: one.id)}
    scores = [score(request, example, settings, method) for example in newest.values()]
    return max(filter(None, scores), default=None)


def score(request: Request, example: Example, settings: MatchSettings, method: str) -> Score | None:
    """One example: filters, path table, query."""
    recorded = example.request
    if recorded.method != method or (settings.host and recorded.origin != request.origin):
        return None
    wildcards = settings.wildcards and not example.literal
    path = path_points(recorded.path, request.path, settings, wildcards)
    query = query_points(request, example, settings, wildcards)
    if path is None or query is None or (settings.body and not body_fits(request, example)):
        return None
    segments = wild_segments(recorded.path) if wildcards else []
    places = [place for place, segment in enumerate(segments) if not isinstance(segment, str)]
    literal = 0
    if places:
        before = [segment for segment in segments[: places[0]] if isinstance(segment, str)]
        literal = sum(len(segment) + 1 for segment in before) + len(segments[places[0]][0])
    wild = len(places) + sum(value is None for _, value in example_pairs(example, settings, wildcards))
    return path + query, path, -wild, literal, example.id


def path_points(mine: bytes, theirs: bytes, settings: MatchSettings, wildcards: bool) -> int | None:
    """The first line of the table that fits."""
    a, b = normal.path_text(mine), normal.path_text(theirs)
    short_a, short_b = a.rstrip("/"), b.rstrip("/")
    table = [
        (100, a == b),
        (95, short_a == short_b),
        (90, normal.fold(a) == normal.fold(b)),
        (85, normal.fold(short_a) == normal.fold(short_b)),
        (80, wildcards and wild_equal(mine, short_b)),
        (79, settings.ids and equal_without_ids(a, b)),
        (75, settings.ids and equal_without_ids(short_a, short_b)),
    ]
    return next((points for points, fits in table[: 1 if settings.exact_path else None] if fits), None)


def equal_without_ids(a: str, b: str) -> bool:
    """Segment by segment: equal, or both ids."""
    one, other = a.split("/"), b.split("/")
    return len(one) == len(other) and all(
        x == y or (normal.is_id(x) and normal.is_id(y)) for x, y in zip(one, other, strict=True)
    )


def wild_segments(path: bytes) -> list[str | tuple[str, str]]:
    """Folded literals, and prefix and suffix of wildcards."""
    found: list[str | tuple[str, str]] = []
    for segment in normal.raw_path(path).rstrip(b"/").split(b"/"):
        match = WILD.fullmatch(segment)
        prefix, suffix = (match[1] or match[4] or b"", match[3] or match[6] or b"") if match else (b"", b"")
        found.append((literal(prefix), literal(suffix)) if match else literal(segment))
    return found


def literal(raw: bytes) -> str:
    """A piece of a path in normal form, without case."""
    return normal.fold(normal.path_text(b"/" + raw)[1:])


def wild_equal(mine: bytes, theirs: str) -> bool:
    """Each wildcard stands for one segment, or what is left of it."""
    expected, actual = wild_segments(mine), normal.fold(theirs).split("/")
    return len(expected) == len(actual) and all(
        x == y if isinstance(x, str) else re.fullmatch(re.escape(x[0]) + ".+" + re.escape(x[1]), y, re.DOTALL)
        for x, y in zip(expected, actual, strict=True)
    )


def example_pairs(example: Example, settings: MatchSettings, wildcards: bool) -> list[Pair]:
    """Name and value; None for a value that matches any."""
    redacted = {place.name for place in example.redacted if place.part is Part.QUERY}
    found: list[Pair] = []
    for piece in filter(None, example.request.query.split(b"&")):
        name, value = normal.query_pair(piece)
        wild = wildcards and re.fullmatch(rb"\{\{[^{}]+\}\}", piece.partition(b"=")[2])
        if name not in settings.ignore_query:
            found.append((name, None if wild or name in redacted else value))
    return found


def query_points(request: Request, example: Example, settings: MatchSettings, wildcards: bool) -> int | None:
    """The points for the query, or None: out."""
    if settings.query is QueryRule.OFF:
        return 0
    mine = example_pairs(example, settings, wildcards)
    theirs = [pair for pair in normal.query_pairs(request.query) if pair[0] not in settings.ignore_query]
    if same_pairs(mine, theirs):
        return 9 if any(value is None for _, value in mine) else 10
    if settings.query is QueryRule.REQUIRE:
        return None
    folded = [(normal.fold(name), value if value is None else normal.fold(value)) for name, value in mine]
    return 5 if same_pairs(folded, [(normal.fold(n), normal.fold(v)) for n, v in theirs]) else -10


def same_pairs(mine: Sequence[Pair], theirs: Sequence[tuple[str, str]]) -> bool:
    """Whether some order of the request's pairs fits the example's, one by one."""
    return len(mine) == len(theirs) and any(
        all(x[0] == y[0] and x[1] in (None, y[1]) for x, y in zip(mine, order, strict=True))
        for order in permutations(theirs)
    )


def body_fits(request: Request, example: Example) -> bool:
    """Whether the bodies are equal, redacted places aside."""
    places = frozenset(place for place in example.redacted if place.part in (Part.FORM, Part.JSON))
    mine, theirs = example.request, request
    assert isinstance(mine.body, bytes)
    assert isinstance(theirs.body, bytes)
    if not mine.body or not theirs.body:
        return mine.body == theirs.body
    types = [one.headers.get("content-type") for one in (mine, theirs)]
    if bodies.media_type(types[0]) != bodies.media_type(types[1]):
        return False
    return bodies.canonical(mine.body, types[0], places) == bodies.canonical(theirs.body, types[1], places)
