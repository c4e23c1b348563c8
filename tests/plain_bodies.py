"""The comparison of bodies as docs/matching.md describes it, one example at a time, for tests/plain_matcher.py.

Of the product it uses the parsers and the canonical forms, never keys, look-ups or trees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from email.message import MIMEPart
from itertools import combinations, permutations
from typing import Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from understudy.matcher import normal_forms
from understudy.matcher.body_forms.canonical import read_body
from understudy.matcher.body_forms.codings import undo_codings
from understudy.matcher.body_forms.graphql_forms import normalize_graphql
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
# A text of XML, of JSON or of a part, with one wildcard at most.
WILD_TEXT = re.compile(rf'>[^<>]*{WILD.pattern}[^<>]*<|"[^"]*{WILD.pattern}|^[^"<>]*{WILD.pattern}', re.MULTILINE)


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
    wildcards = settings.wildcards and not (example.literal or "body" in example.unedited)
    places = list_places(example, settings)
    kind, _ = read_body(mine, reading, example.request.headers.get("content-type"), places)
    content_types = [each.headers.get("content-type") for each in (example.request, request)]
    if settings.subset and kind in (BodyKind.JSON, BodyKind.GRAPHQL, BodyKind.FORM) and reading is not Reading.GRAPHQL:
        return contains_body(mine, theirs, kind, places, wildcards)
    if kind is BodyKind.FORM:
        return fits_form(mine, theirs, places, wildcards)
    if wildcards and reading is not Reading.GRAPHQL and WILD.search(mine.decode("latin-1")):
        found = fits_wild_body(mine, theirs, kind, places, content_types)
        if found is not None:
            return found
        places |= find_wild_json(mine) if kind in (BodyKind.JSON, BodyKind.GRAPHQL) else frozenset()
    forms = [
        read_body(body, reading, each.headers.get("content-type"), places)
        for body, each in ((mine, example.request), (theirs, request))
    ]
    return forms[0] == forms[1]


def fits_wild_body(
    mine: bytes, theirs: bytes, kind: BodyKind, places: Places, content_types: Sequence[str | None]
) -> bool | None:
    """Return whether a body fits one with wildcards in it; None if the canonical forms decide."""
    if kind in (BodyKind.JSON, BodyKind.GRAPHQL):
        texts = find_texts(parse_json_exact(mine))
        has_inner = any(WILD.search(text) and not WILD.fullmatch(text) for text in texts)
        return fits_json(mine, theirs, places) if has_inner else None
    if kind is BodyKind.SEQUENCE:
        lines = [[line for line in each.split(b"\n") if line.strip()] for each in (mine, theirs)]
        return len(lines[0]) == len(lines[1]) and all(
            fits_json(one, other, places) for one, other in zip(*lines, strict=True)
        )
    if kind is BodyKind.XML:
        return fits_xml(mine, theirs)
    if kind is BodyKind.MULTIPART and None not in content_types:
        one, other = (
            message_from_bytes(b"Content-Type: " + str(kind).encode() + b"\r\n\r\n" + body, policy=policy.HTTP)
            for kind, body in zip(content_types, (mine, theirs), strict=True)
        )
        return fits_part(one, other, places)
    return None


def contains_body(mine: bytes, theirs: bytes, kind: BodyKind, places: Places, wildcards: bool) -> bool:
    """Return whether the request's body contains the example's, for subset matching of one JSON object or form."""
    if kind is BodyKind.FORM:
        others = split_pairs(theirs)
        return any(
            fits_form(mine, "&".join(f"{name}={raw}" for name, raw, _ in some).encode(), places, wildcards)
            for some in combinations(others, len(split_pairs(mine)))
        )
    try:
        one, other = (parse_json_exact(body, select_marks(places, Part.JSON)) for body in (mine, theirs))
    except (ValueError, RecursionError):
        return False
    if kind is BodyKind.GRAPHQL:
        one, other = (normalize_graphql(each) or {} for each in (one, other))
        one = {name: value for name, value in one.items() if value is not None}
    return fits_value(one, other, wild=wildcards, contains=True)


def fits_part(mine: MIMEPart[Any, Any], theirs: MIMEPart[Any, Any], places: Places) -> bool:
    """Return whether a part fits one with wildcards; the parts inside it too."""
    types = [parse_body_type(each.get("Content-Type")) for each in (mine, theirs)]
    if types[0] != types[1] or mine.get("Content-Disposition") != theirs.get("Content-Disposition"):
        return False
    if mine.is_multipart() and theirs.is_multipart():
        parts = list(mine.iter_parts()), list(theirs.iter_parts())
        return len(parts[0]) == len(parts[1]) and all(fits_part(*pair, places) for pair in zip(*parts, strict=True))
    one, other = (each.get_payload() for each in (mine, theirs))
    assert isinstance(one, str)
    assert isinstance(other, str)
    if types[0].reading is Reading.JSON and not WILD.fullmatch(one):
        return fits_json(one.encode(), other.encode(), places)
    return fits_text(one, other)


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
    return max((count_open_texts(body, kind, places, redacted) for kind in kinds), default=len(redacted))


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
    if kind in (BodyKind.XML, BodyKind.SEQUENCE, BodyKind.MULTIPART):
        return len(redacted) + len(WILD_TEXT.findall(body.decode()))
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


def fits_value(mine: object, theirs: object, *, wild: bool = True, contains: bool = False) -> bool:
    """Return whether a JSON value fits one with wildcards, or contains it."""
    if is_token(mine) or (wild and isinstance(mine, str) and WILD.fullmatch(mine)):
        return True
    if wild and isinstance(mine, str) and isinstance(theirs, str):
        return fits_text(mine, theirs)
    if isinstance(mine, dict) and isinstance(theirs, dict):
        names = mine.keys() <= theirs.keys() if contains else mine.keys() == theirs.keys()
        return names and all(fits_value(mine[name], theirs[name], wild=wild, contains=contains) for name in mine)
    if isinstance(mine, list) and isinstance(theirs, list):
        pairs = zip(mine, theirs, strict=False)
        return len(mine) == len(theirs) and all(fits_value(*pair, wild=wild, contains=contains) for pair in pairs)
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
        return fits_text(unquote_plus(raw), against[2]) if wildcards and WILD.search(raw) else value == against[2]

    return len(one) == len(other) and any(all(map(fits, one, order)) for order in permutations(other))


def fits_xml(mine: bytes, theirs: bytes) -> bool:
    """Return whether a document fits one with wildcards in the texts of its elements."""
    try:
        return fits_element(ElementTree.fromstring(mine), ElementTree.fromstring(theirs))
    except ElementTree.ParseError:
        return False


def fits_element(mine: ElementTree.Element, theirs: ElementTree.Element) -> bool:
    """Return whether an element fits one with wildcards."""
    texts: Sequence[tuple[str | None, str | None]] = [(mine.text, theirs.text), (mine.tail, theirs.tail)]
    return (
        (mine.tag, mine.attrib) == (theirs.tag, theirs.attrib)
        and len(mine) == len(theirs)
        and all(fits_text((one or "").strip(), (other or "").strip()) for one, other in texts)
        and all(map(fits_element, mine, theirs))
    )
