"""The comparison of bodies as docs/matching.md describes it, one example at a time, for tests/plain_matcher.py.

Of the product it uses the parsers and the canonical forms, never keys, look-ups or trees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import permutations
from xml.etree import ElementTree

from understudy.matcher import normal_forms
from understudy.matcher.body_forms.canonical import read_body
from understudy.matcher.body_forms.codings import undo_codings
from understudy.matcher.body_forms.json_forms import is_token, parse_json_exact
from understudy.matcher.body_forms.kinds import BodyKind, Reading, parse_body_type
from understudy.matcher.body_forms.open_places import (
    Mark,
    Opening,
    Places,
    find_wild_texts,
    places_from_redacted,
    select_marks,
)
from understudy.matcher.settings import MatchSettings
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part
from understudy.store.model.messages import Request

Pair = tuple[str, str | None]
WILD = re.compile(r"\{\{[^{}]+\}\}")


def get_plain_body(request: Request) -> bytes:
    """Return the body without its codings."""
    assert isinstance(request.body, bytes)
    return undo_codings(request.body, request.headers)


def fits_body(request: Request, example: Example, settings: MatchSettings) -> bool:
    """Return whether the bodies are equal, apart from open places and wildcards."""
    mine, theirs = get_plain_body(example.request), get_plain_body(request)
    if not mine or not theirs:
        return mine == theirs
    types = [parse_body_type(each.headers.get("content-type")) for each in (example.request, request)]
    if types[0].media and types[1].media and types[0].media != types[1].media:
        return False
    reading = types[0].reading if types[0].media else types[1].reading
    wildcards = settings.wildcards and not example.literal
    places = list_places(example, settings)
    kind, _ = read_body(mine, reading, example.request.headers.get("content-type"), places)
    if kind is BodyKind.FORM:
        return fits_form(mine, theirs, places, wildcards)
    if wildcards and kind in (BodyKind.JSON, BodyKind.GRAPHQL) and reading is not Reading.GRAPHQL:
        if any(WILD.search(text) and not WILD.fullmatch(text) for text in find_texts(parse_json_exact(mine))):
            return fits_json(mine, theirs, places)
        places |= find_wild_json(mine)
    if wildcards and kind is BodyKind.XML and b"{{" in mine:
        return fits_xml(mine, theirs)
    forms = [
        read_body(body, reading, each.headers.get("content-type"), places)
        for body, each in ((mine, example.request), (theirs, request))
    ]
    return forms[0] == forms[1]


def count_open_places(example: Example, settings: MatchSettings, wildcards: bool) -> int:
    """Return how many places of a body match any value: of one without a type, read so that they are most."""
    body, own = get_plain_body(example.request), parse_body_type(example.request.headers.get("content-type"))
    places = list_places(example, settings)
    redacted = {(place.part, place.name) for place in places if place.mark is not Mark.IGNORED}
    if not body or not wildcards:
        return len(redacted)
    readings = [own.reading] if own.media else list(Reading)
    kinds = {
        read_body(body, each, example.request.headers.get("content-type"), places)[0]
        for each in readings
        if each is not Reading.GRAPHQL
    }
    return max(count_open_texts(body, kind, places, redacted) for kind in kinds)


def count_open_texts(body: bytes, kind: BodyKind, places: Places, redacted: set[tuple[Part, str]]) -> int:
    """Return how many places of a body of this kind are redacted, a wildcard or a text with one."""
    if kind in (BodyKind.JSON, BodyKind.GRAPHQL):
        value = parse_json_exact(body, select_marks(places, Part.JSON))
        inner = [text for text in find_texts(value) if WILD.search(text) and not WILD.fullmatch(text)]
        return len(redacted | {(place.part, place.name) for place in find_wild_json(body)}) + len(inner)
    if kind is BodyKind.FORM:
        hidden = select_marks(places, Part.FORM)
        texts = [(name, raw) for name, raw, _ in split_pairs(body) if WILD.search(raw) and name not in hidden]
        single = {(Part.FORM, name) for name, raw in texts if WILD.fullmatch(raw)}
        return len(redacted | single) + sum(not WILD.fullmatch(raw) for _, raw in texts)
    if kind is BodyKind.XML:
        return len(redacted) + len(re.findall(r">[^<>]*\{\{[^{}]+\}\}[^<>]*<", body.decode()))
    return len(redacted)


def list_places(example: Example, settings: MatchSettings) -> Places:
    """Return the redacted places of a body, and those that the settings ignore."""
    parts = {"$": Part.JSON, "/": Part.XML}
    ignored = {Opening(parts.get(place[0], Part.FORM), place, Mark.IGNORED) for place in settings.ignore_body}
    return places_from_redacted(example.redacted) | ignored


def find_wild_json(body: bytes) -> Places:
    """Return the places of the JSON texts that are a single wildcard."""
    return frozenset(Opening(Part.JSON, path, Mark.ANY) for path in find_wild_texts(parse_json_exact(body)))


def find_texts(value: object) -> Iterator[str]:
    """Yield all texts of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from find_texts(each)


def fits_text(pattern: str, text: str) -> bool:
    """Return whether a text fits one with wildcards."""
    return re.fullmatch(".*".join(map(re.escape, WILD.split(pattern))), text, re.DOTALL) is not None


def fits_json(mine: bytes, theirs: bytes, places: Places) -> bool:
    """Return whether a JSON document fits one with wildcards in its texts."""
    marks = select_marks(places, Part.JSON)
    try:
        return fits_value(parse_json_exact(mine, marks), parse_json_exact(theirs, marks))
    except (ValueError, RecursionError):
        return False


def fits_value(mine: object, theirs: object) -> bool:
    """Return whether a JSON value fits one with wildcards."""
    if is_token(mine) or (isinstance(mine, str) and WILD.fullmatch(mine)):
        return True
    if isinstance(mine, str) and isinstance(theirs, str):
        return fits_text(mine, theirs)
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return mine.keys() == theirs.keys() and all(fits_value(mine[name], theirs[name]) for name in mine)
    if isinstance(mine, list) and isinstance(theirs, list):
        return len(mine) == len(theirs) and all(map(fits_value, mine, theirs))
    return type(mine) is type(theirs) and mine == theirs


def split_pairs(body: bytes) -> list[tuple[str, str, str]]:
    """Return name, raw value and value of each pair of a form."""
    return [
        (name, piece.partition(b"=")[2].decode("utf-8", "surrogateescape"), value)
        for piece in body.split(b"&")
        if piece
        for name, value in [normal_forms.parse_query_pair(piece)]
    ]


def fits_form(mine: bytes, theirs: bytes, places: Places, wildcards: bool) -> bool:
    """Return whether some order of the request's pairs fits the example's, one by one."""
    marks = select_marks(places, Part.FORM)
    one = [each for each in split_pairs(mine) if marks.get(each[0]) is not Mark.IGNORED]
    other = [each for each in split_pairs(theirs) if marks.get(each[0]) is not Mark.IGNORED]

    def fits(pair: tuple[str, str, str], against: tuple[str, str, str]) -> bool:
        name, raw, value = pair
        if name != against[0]:
            return False
        if name in marks:
            return True
        return fits_text(raw, against[2]) if wildcards and WILD.search(raw) else value == against[2]

    return len(one) == len(other) and any(all(map(fits, one, order)) for order in permutations(other))


def fits_xml(mine: bytes, theirs: bytes) -> bool:
    """Return whether a document without attributes fits one with wildcards in the texts of its elements."""
    try:
        return fits_element(ElementTree.fromstring(mine), ElementTree.fromstring(theirs))
    except ElementTree.ParseError:
        return False


def fits_element(mine: ElementTree.Element, theirs: ElementTree.Element) -> bool:
    """Return whether an element fits one with wildcards."""
    texts: Sequence[tuple[str | None, str | None]] = [(mine.text, theirs.text), (mine.tail, theirs.tail)]
    return (
        mine.tag == theirs.tag
        and len(mine) == len(theirs)
        and all(fits_text((one or "").strip(), (other or "").strip()) for one, other in texts)
        and all(map(fits_element, mine, theirs))
    )
