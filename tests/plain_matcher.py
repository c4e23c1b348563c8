"""The specification's algorithm as it is written, over every example: what the index must agree with.

Slow and plain on purpose. Of the product it uses only the normal forms and the reading of selector headers, never keys
or look-ups.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import permutations

from understudy.matcher import mock_headers, normal_forms
from understudy.matcher.body_forms import canonical
from understudy.matcher.body_forms.json_forms import parse_json_exact
from understudy.matcher.body_forms.open_places import Mark, Opening, Places, find_wild_texts, places_from_redacted
from understudy.matcher.mock_headers import NO_SELECTORS, SelectorProblem, Selectors
from understudy.matcher.settings import MatchSettings, QueryRule
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Request

Score = tuple[int, int, int, int, str]  # total, path, fewer wildcards, literal characters, id
Pair = tuple[str, str | None]
PathPoints = Callable[[Example], int | None]
WILD = re.compile(rb"([^{}]*)\{\{([^{}]+)\}\}([^{}]*)|():([A-Za-z_][A-Za-z0-9_-]*)([^{}]*)")
WILD_VALUE = re.compile(rb"\{\{[^{}]+\}\}")
FORM = "application/x-www-form-urlencoded"


def decide(request: Request, examples: Sequence[Example], settings: MatchSettings) -> tuple[str, int] | None:
    """The winner's id and score, or None."""
    chosen = mock_headers.parse_selectors(request.headers) if settings.selectors else NO_SELECTORS
    if isinstance(chosen, SelectorProblem):
        return None
    found = best(request, examples, settings, request.method, chosen)
    if found is None and request.method == "HEAD":
        found = best(request, examples, settings, "GET", chosen)
    return (answering(found[4], examples, chosen), found[0]) if found else None


def answering(winner: str, examples: Sequence[Example], chosen: Selectors) -> str:
    """The id of the winner or, in a sequence, of its newest example with the status asked for."""
    sequence = next(each.sequence for each in examples if each.id == winner)
    if chosen.is_named or sequence is None:
        return winner
    together = (each for each in examples if each.sequence == sequence)
    return max(each.id for each in together if chosen.code in (None, each.response.status))


def best(
    request: Request,
    examples: Sequence[Example],
    settings: MatchSettings,
    method: str,
    chosen: Selectors = NO_SELECTORS,
) -> Score | None:
    """Every example of the method and status scored, the highest taken; by distance if there is none."""
    asked_for = named(request, examples, settings, method, chosen)
    if chosen.is_named:
        return (0, 0, 0, 0, min(asked_for)) if asked_for else None
    kept = [each for each in candidates(examples, chosen) if same_realm(each, request, settings, method)]
    scores = [score(request, each, settings, chosen, by_table(request, settings)) for each in kept]
    if any(scores) or not settings.distance or settings.exact_path:
        return max(filter(None, scores), default=None)
    return by_distance(request, kept, settings, chosen)


def candidates(examples: Sequence[Example], chosen: Selectors) -> list[Example]:
    """One example for each sequence: the newest one's request, answered by the newest of the status asked for."""
    newest: dict[object, Example] = {}
    kept: dict[object, Example] = {}
    for example in sorted(examples, key=lambda one: one.id):
        newest[example.sequence or ("", example.id)] = example
        if chosen.code in (None, example.response.status):
            kept[example.sequence or ("", example.id)] = example
    return [newest[key] for key in kept]


def named(
    request: Request, examples: Sequence[Example], settings: MatchSettings, method: str, chosen: Selectors
) -> list[str]:
    """The ids of the examples that an id or a name asks for."""
    newest = {one.sequence or ("", one.id): one for one in sorted(examples, key=lambda one: one.id)}
    realm = [one for one in examples if same_realm(newest[one.sequence or ("", one.id)], request, settings, method)]
    kept = [one for one in realm if chosen.code in (None, one.response.status)]
    if chosen.id is not None:
        whole = [one.id for one in examples if one.id == chosen.id and chosen.code in (None, one.response.status)]
        meant = chosen.ids[:1] if whole else chosen.ids[1:]
        return [one.id for one in kept if one.id in meant]
    return [one.id for one in kept if one.name == chosen.name]


def same_realm(example: Example, request: Request, settings: MatchSettings, method: str) -> bool:
    """Steps 2 and, where hosts are compared, the host."""
    return example.request.method == method and (not settings.host or example.request.origin == request.origin)


def score(
    request: Request, example: Example, settings: MatchSettings, chosen: Selectors, path_of: PathPoints
) -> Score | None:
    """One example: path, query, filters."""
    recorded = example.request
    wildcards = settings.wildcards and not example.literal
    path = path_of(example)
    query = query_points(request, example, settings, wildcards)
    if path is None or query is None or not filters_pass(request, example, settings, chosen):
        return None
    segments = wild_segments(recorded.path) if wildcards else []
    places = [place for place, segment in enumerate(segments) if not isinstance(segment, str)]
    literal = 0
    if places:
        before = [segment for segment in segments[: places[0]] if isinstance(segment, str)]
        literal = sum(len(segment) + 1 for segment in before) + len(segments[places[0]][0])
    wild = len(places) + sum(value is None for _, value in example_pairs(example, settings, wildcards))
    return path + query, path, -wild, literal, example.id


def by_table(request: Request, settings: MatchSettings) -> PathPoints:
    """The points of the path table but for distance."""
    return lambda example: path_points(
        example.request.path, request.path, settings, settings.wildcards and not example.literal
    )


def path_points(mine: bytes, theirs: bytes, settings: MatchSettings, wildcards: bool) -> int | None:
    """The first line of the table that fits."""
    a, b = normal_forms.normalize_path(mine), normal_forms.normalize_path(theirs)
    short_a, short_b = a.rstrip("/"), b.rstrip("/")
    table = [
        (100, a == b),
        (95, short_a == short_b),
        (90, normal_forms.fold(a) == normal_forms.fold(b)),
        (85, normal_forms.fold(short_a) == normal_forms.fold(short_b)),
        (80, wildcards and wild_equal(mine, short_b)),
        (79, settings.ids and equal_without_ids(a, b)),
        (75, settings.ids and equal_without_ids(short_a, short_b)),
    ]
    return next((points for points, fits in table[: 1 if settings.exact_path else None] if fits), None)


def by_distance(request: Request, kept: Sequence[Example], settings: MatchSettings, chosen: Selectors) -> Score | None:
    """The newest 1,000 paths with at most one other segment, those that are alike; then query and filters."""
    theirs = normal_forms.normalize_path(request.path).split("/")
    near: list[str] = []
    for example in sorted(kept, key=lambda one: one.id, reverse=True):
        mine = normal_forms.normalize_path(example.request.path)
        if mine not in near and apart(mine.split("/"), theirs) <= 1:
            near.append(mine)
    alike = {mine for mine in near[:1000] if all_alike(mine.split("/"), theirs)}
    scores = [
        score(request, each, settings, chosen, lambda _: 70)
        for each in kept
        if normal_forms.normalize_path(each.request.path) in alike
    ]
    return max(filter(None, scores), default=None)


def apart(mine: Sequence[str], theirs: Sequence[str]) -> int:
    """How many segments differ; more than one if there are not as many."""
    return sum(x != y for x, y in zip(mine, theirs, strict=True)) if len(mine) == len(theirs) else 2


def all_alike(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Every segment at least 75 % alike; the equal ones are."""
    return all(1 - edits(x, y) / max(len(x), len(y), 1) >= 0.75 for x, y in zip(mine, theirs, strict=True))


def edits(one: str, other: str) -> int:
    """Levenshtein's distance, by its definition."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        above, row = row, [at]
        for place, wanted in enumerate(other, 1):
            row.append(min(above[place] + 1, row[-1] + 1, above[place - 1] + (letter != wanted)))
    return row[-1]


def equal_without_ids(a: str, b: str) -> bool:
    """Segment by segment: equal, or both ids."""
    one, other = a.split("/"), b.split("/")
    return len(one) == len(other) and all(
        x == y or (normal_forms.is_id(x) and normal_forms.is_id(y)) for x, y in zip(one, other, strict=True)
    )


def wild_segments(path: bytes) -> list[str | tuple[str, str]]:
    """Folded literals, and prefix and suffix of wildcards."""
    found: list[str | tuple[str, str]] = []
    for segment in normal_forms.extract_path(path).rstrip(b"/").split(b"/"):
        match = WILD.fullmatch(segment)
        prefix, suffix = (match[1] or match[4] or b"", match[3] or match[6] or b"") if match else (b"", b"")
        found.append((literal(prefix), literal(suffix)) if match else literal(segment))
    return found


def literal(raw: bytes) -> str:
    """A piece of a path in normal form, without case."""
    return normal_forms.fold(normal_forms.normalize_path(b"/" + raw)[1:])


def wild_equal(mine: bytes, theirs: str) -> bool:
    """Each wildcard stands for one segment, or what is left of it."""
    expected, actual = wild_segments(mine), normal_forms.fold(theirs).split("/")
    return len(expected) == len(actual) and all(
        x == y if isinstance(x, str) else re.fullmatch(re.escape(x[0]) + ".+" + re.escape(x[1]), y, re.DOTALL)
        for x, y in zip(expected, actual, strict=True)
    )


def example_pairs(example: Example, settings: MatchSettings, wildcards: bool) -> list[Pair]:
    """Name and value of the query; None for a value that matches any."""
    redacted = {place.name for place in example.redacted if place.part is Part.QUERY}
    pairs = pairs_of(example.request.query, redacted, wildcards)
    return [(name, value) for name, value in pairs if name not in settings.ignore_query]


def pairs_of(raw: bytes, redacted: set[str], wildcards: bool) -> list[Pair]:
    """Name and value; None for a value that matches any."""
    found: list[Pair] = []
    for piece in filter(None, raw.split(b"&")):
        name, value = normal_forms.parse_query_pair(piece)
        wild = wildcards and WILD_VALUE.fullmatch(piece.partition(b"=")[2])
        found.append((name, None if wild or name in redacted else value))
    return found


def query_points(request: Request, example: Example, settings: MatchSettings, wildcards: bool) -> int | None:
    """The points for the query, or None: out."""
    if settings.query is QueryRule.OFF:
        return 0
    mine = example_pairs(example, settings, wildcards)
    theirs = [pair for pair in normal_forms.parse_query_pairs(request.query) if pair[0] not in settings.ignore_query]
    if same_pairs(mine, theirs):
        return 9 if any(value is None for _, value in mine) else 10
    if settings.query is QueryRule.REQUIRE:
        return None
    folded = [(normal_forms.fold(name), value if value is None else normal_forms.fold(value)) for name, value in mine]
    return 5 if same_pairs(folded, [(normal_forms.fold(n), normal_forms.fold(v)) for n, v in theirs]) else -10


def same_pairs(mine: Sequence[Pair], theirs: Sequence[tuple[str, str]]) -> bool:
    """Whether some order of the request's pairs fits the example's, one by one."""
    return len(mine) == len(theirs) and any(
        all(x[0] == y[0] and x[1] in (None, y[1]) for x, y in zip(mine, order, strict=True))
        for order in permutations(theirs)
    )


def filters_pass(request: Request, example: Example, settings: MatchSettings, chosen: Selectors) -> bool:
    """Step 6: headers, then body, as the settings say or the request itself."""
    names = settings.headers if chosen.headers is None else chosen.headers
    body = settings.body if chosen.body is None else chosen.body
    if not all(header_fits(request, example, settings, name.lower()) for name in names):
        return False
    return not body or body_fits(request, example, settings)


def header_fits(request: Request, example: Example, settings: MatchSettings, name: str) -> bool:
    """Whether one listed header has the same values; ours are taken off before."""
    ignored = {each.lower() for each in settings.ignore_headers | settings.key_headers}
    if name in ignored or name.startswith(("x-mock-", "x-understudy-")):
        return True
    mine, theirs = ([each.strip() for each in one.headers.get_all(name)] for one in (example.request, request))
    redacted = {place.name for place in example.redacted if place.part is Part.HEADER}
    wild = settings.wildcards and not example.literal and mine and WILD_VALUE.fullmatch(mine[0].encode())
    if mine and theirs and (name in redacted or wild):
        return True
    return (bool(mine), ", ".join(mine).lower()) == (bool(theirs), ", ".join(theirs).lower())


def body_fits(request: Request, example: Example, settings: MatchSettings) -> bool:
    """Whether the bodies are equal, redacted places and wildcards aside."""
    mine, theirs = example.request, request
    assert isinstance(mine.body, bytes)
    assert isinstance(theirs.body, bytes)
    if not mine.body or not theirs.body:
        return mine.body == theirs.body
    types = [parse_media_type(one.headers.get("content-type")) for one in (mine, theirs)]
    if types[0] != types[1]:
        return False
    wildcards = settings.wildcards and not example.literal
    if types[0] == FORM and not any(place.part is Part.JSON for place in example.redacted):
        redacted = {place.name for place in example.redacted if place.part is Part.FORM}
        return same_pairs(pairs_of(mine.body, redacted, wildcards), normal_forms.parse_query_pairs(theirs.body))
    places = open_places(example, settings, wildcards)
    one, other = (
        canonical.canonicalize(canonical.undo_codings(raw, each.headers), each.headers.get("content-type"), places)
        for each, raw in ((mine, mine.body), (theirs, theirs.body))
    )
    return one == other


def open_places(example: Example, settings: MatchSettings, wildcards: bool) -> Places:
    """The places of a JSON body whose values do not count."""
    places = places_from_redacted(example.redacted) | {
        Opening(Part.JSON, path, Mark.IGNORED) for path in settings.ignore_json
    }
    body, kind = example.request.body, parse_media_type(example.request.headers.get("content-type"))
    if wildcards and isinstance(body, bytes) and kind == "application/json":
        try:
            places |= {Opening(Part.JSON, path, Mark.ANY) for path in find_wild_texts(parse_json_exact(body))}
        except (ValueError, RecursionError):
            return places
    return places
