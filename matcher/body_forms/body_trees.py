"""Bodies as nested values, to compare the texts in them one by one where a key cannot: those that hold `{{name}}`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from understudy.matcher.body_forms import graphql_forms
from understudy.matcher.body_forms.canonical import MAX_PARSED_SIZE, list_kinds
from understudy.matcher.body_forms.forms import check_pairs
from understudy.matcher.body_forms.json_forms import parse_json_exact
from understudy.matcher.body_forms.json_sequences import parse_sequence
from understudy.matcher.body_forms.kinds import BodyKind, parse_body_type
from understudy.matcher.body_forms.multipart_forms import MAX_NESTING, BodyPart, split_parts
from understudy.matcher.body_forms.open_places import Mark, Marks, Places, select_marks
from understudy.matcher.body_forms.wild_texts import WILD, WildPairs, WildText, mark_wild_texts, parse_wild_text
from understudy.matcher.body_forms.xml_forms import canonicalize_xml
from understudy.matcher.normal_forms import parse_query_pair, text_from_bytes
from understudy.store.model.exchanges import Part

UNREADABLE = object()
"""The tree of a body that is not of the expected kind: it fits no other, and no other fits it."""

_MARKUP = re.compile(r"(<[^<>]*>)")  # in canonical XML, whose texts hold neither of these characters


def read_tree(
    body: bytes, kind: BodyKind, content_type: str | None, places: Places, *, wild: bool = False, depth: int = 0
) -> object:
    """Return a body of this kind as nested lists, dictionaries and texts; `UNREADABLE` if it is of another kind.

    The places are applied. With `wild`, for the body of an example, each text with a wildcard becomes a `WildText`.
    """
    if len(body) > MAX_PARSED_SIZE or depth > MAX_NESTING:
        return UNREADABLE
    try:
        if kind is BodyKind.MULTIPART:
            return _read_parts(body, content_type or "", places, wild, depth)
        if kind is BodyKind.FORM:
            return _read_pairs(body, select_marks(places, Part.FORM), wild=wild)
        value = _READERS[kind](body, places)
    except (ValueError, RecursionError):
        return UNREADABLE
    return mark_wild_texts(value) if wild else value


def find_wild_parts(body: bytes, content_type: str | None) -> frozenset[str]:
    """Return the names of the parts of an example that are a single `{{name}}`, and the only part of that name."""
    parts = split_parts(body, content_type or "")
    counts = Counter(part.name for part in parts)
    return frozenset(
        part.name
        for part in parts
        if part.name and counts[part.name] == 1 and WILD.fullmatch(text_from_bytes(part.content))
    )


def _read_json(body: bytes, places: Places) -> object:
    return parse_json_exact(body, select_marks(places, Part.JSON))


def _read_graphql(body: bytes, places: Places) -> object:
    graphql = graphql_forms.normalize_graphql(_read_json(body, places))
    if graphql is None:
        raise ValueError("not GraphQL")
    return {name: each for name, each in graphql.items() if each is not None}


def _read_sequence(body: bytes, places: Places) -> object:
    return parse_sequence(body, select_marks(places, Part.JSON), parse_json_exact)


def _read_xml(body: bytes, places: Places) -> object:
    text = canonicalize_xml(body, select_marks(places, Part.XML)).decode("utf-8", "surrogatepass")
    # Texts have even indexes; markup becomes bytes, so that it is never taken for a text.
    return [
        piece.encode("utf-8", "surrogatepass") if number % 2 else piece
        for number, piece in enumerate(_MARKUP.split(text))
    ]


def _read_text(body: bytes, _places: Places) -> object:
    return text_from_bytes(body).replace("\r\n", "\n").replace("\r", "\n")


def _read_bytes(body: bytes, _places: Places) -> object:
    return text_from_bytes(body)


_READERS: dict[BodyKind, Callable[[bytes, Places], object]] = {
    BodyKind.JSON: _read_json,
    BodyKind.GRAPHQL: _read_graphql,
    BodyKind.SEQUENCE: _read_sequence,
    BodyKind.XML: _read_xml,
    BodyKind.TEXT: _read_text,
    BodyKind.BYTES: _read_bytes,
}


def _read_pairs(body: bytes, marks: Marks, *, wild: bool) -> WildPairs:
    check_pairs(body)
    pairs: list[tuple[str, object]] = []
    for piece in filter(None, body.split(b"&")):
        name, value = parse_query_pair(piece)
        mark = marks.get(name)
        if mark is Mark.REDACTED:
            pairs.append((name, WildText(("", ""))))
        elif mark is not Mark.IGNORED:
            # Wildcards are recognised before percent-decoding.
            raw = text_from_bytes(piece.partition(b"=")[2])
            pairs.append((name, parse_wild_text(raw, _decode_value) if wild else value))
    return WildPairs(tuple(pairs))


def _decode_value(raw: str) -> str:
    return parse_query_pair(b"=" + raw.encode("utf-8", "surrogateescape"))[1]


def _read_parts(body: bytes, content_type: str, places: Places, wild: bool, depth: int) -> object:
    marks = select_marks(places, Part.FORM)
    parts = [part for part in split_parts(body, content_type) if marks.get(part.name) is not Mark.IGNORED]
    return [[part.head, _read_content(part, marks, places, wild, depth + 1)] for part in parts]


def _read_content(part: BodyPart, marks: Marks, places: Places, wild: bool, depth: int) -> object:
    if part.name in marks:
        return marks[part.name].encode()
    reading = parse_body_type(part.content_type).reading
    for kind in list_kinds(part.content, reading, places):
        # JSON whose query is GraphQL is compared as JSON here: a part of a form is rarely one.
        tree = read_tree(part.content, kind, part.content_type, places, wild=wild, depth=depth)
        if tree is not UNREADABLE:
            return tree
    text = text_from_bytes(part.content)
    return parse_wild_text(text) if wild else text
