"""The names of what differs: query parameters, fields of forms, parts, and elements of XML."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar
from xml.parsers import expat

from understudy.matcher.body_forms.canonical import undo_codings
from understudy.matcher.body_forms.forms import MAX_PAIRS, list_canonical_parts
from understudy.matcher.body_forms.kinds import BodyKind, kind_from_media_type
from understudy.matcher.body_forms.open_places import NOWHERE, Mark, Places, places_from_redacted, select_marks
from understudy.matcher.body_forms.xml_forms import canonicalize_xml
from understudy.matcher.body_forms.xml_places import parse_xml_place
from understudy.matcher.normal_forms import Pair
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.parts.queries import QueryPattern
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.media_types import parse_media_type

MAX_XML_DEPTH = 64  # of elements that are named; the paths of deeper ones would take too much memory

XmlPath = tuple[str, ...]
Name = TypeVar("Name", str, XmlPath)
Value = TypeVar("Value", str, bytes)


def list_differing_names(pattern: QueryPattern, pairs: Iterable[Pair]) -> list[str]:
    """Return the names whose values are not those of the pattern, each once, those of the pattern first."""
    mine, theirs, wild = _group_by_name(pattern.pairs), _group_by_name(pairs), Counter(pattern.wild)
    names = dict.fromkeys((*mine, *wild, *theirs))
    return [name for name in names if not _is_covered(mine[name], theirs[name], wild[name])]


def list_differing_fields(
    candidate: Candidate, request: NormalRequest, hidden: frozenset[RedactedPlace]
) -> Sequence[str]:
    """Return where two bodies of one media type differ: names of form fields or of parts, or places of XML elements."""
    recorded = candidate.request
    media = parse_media_type(request.content_type)
    if not isinstance(recorded.body, bytes) or parse_media_type(recorded.headers.get("content-type")) != media:
        return ()
    mine = undo_codings(recorded.body, recorded.headers)
    places = places_from_redacted(hidden) | (candidate.body.places if candidate.body else NOWHERE)
    content_types = recorded.headers.get("content-type") or "", request.content_type or ""
    try:
        match kind_from_media_type(media or ""):
            case BodyKind.FORM:
                return _compare_forms(candidate, mine, request, select_marks(places, Part.FORM))
            case BodyKind.MULTIPART:
                marks = select_marks(places, Part.FORM)
                bodies = zip((mine, request.body), content_types, strict=True)
                one, other = (_group_by_name(list_canonical_parts(*body, marks)) for body in bodies)
                return [name for name in one | other if name and one[name] != other[name]]
            case BodyKind.XML:
                return _compare_xml(mine, request.body, places)
    except (ValueError, RecursionError):
        return ()
    return ()


def _group_by_name(pairs: Iterable[tuple[Name, Value]]) -> defaultdict[Name, Counter[Value]]:
    groups: defaultdict[Name, Counter[Value]] = defaultdict(Counter)
    for name, value in pairs:
        groups[name][value] += 1
    return groups


def _is_covered(mine: Counter[str], theirs: Counter[str], wild: int) -> bool:
    return mine <= theirs and (theirs - mine).total() == wild


def _compare_forms(
    candidate: Candidate, mine: bytes, request: NormalRequest, marks: Mapping[str, Mark]
) -> Sequence[str]:
    if max(mine.count(b"&"), request.body.count(b"&")) > MAX_PAIRS:
        return ()
    ignored = frozenset(name for name, mark in marks.items() if mark is Mark.IGNORED)
    pattern = candidate.body.form if candidate.body else None
    if pattern is None:
        pattern = QueryPattern.of(mine, frozenset(marks), ignored, wildcards=False)
    return list_differing_names(pattern, request.form_pairs)


def _compare_xml(mine: bytes, theirs: bytes, places: Places) -> Sequence[str]:
    ignored = select_marks(places, Part.XML)
    for body in (mine, theirs):
        canonicalize_xml(body, ignored)  # raises ValueError for what must not be parsed
    one, other = _list_elements(mine), _list_elements(theirs)
    differing = [path for path in one | other if one[path] != other[path]]
    known = set(differing)
    if any(len(path) == 1 for path in differing):  # the roots differ themselves
        return ()
    skipped = [parse_xml_place(place) for place in ignored]
    return [
        f"/{'/'.join(path)}"
        for path in differing
        if not any(path[:length] in known for length in range(2, len(path)))
        and not any(place.fits(path[:length]) for place in skipped for length in range(1, len(path) + 1))
    ]


def _list_elements(body: bytes) -> defaultdict[XmlPath, Counter[str]]:
    """Return the own content of all elements (name, attributes, text without children's) by their paths."""
    elements: list[tuple[XmlPath, list[str]]] = []
    opened: list[list[str]] = []
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name.rpartition(" ")[2])
        if len(path) > MAX_XML_DEPTH:
            raise ValueError("too deep")
        content = [name, *(f"{key}={value}" for key, value in sorted(attributes.items()))]
        opened.append(content)
        elements.append((tuple(path), content))

    def end(_name: str) -> None:
        path.pop()
        opened.pop()

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda text: opened[-1].append(text.strip())
    parser.Parse(body, True)
    return _group_by_name((place, "\n".join(filter(None, content))) for place, content in elements)
