"""The names of what differs: query parameters, JSON paths, fields of forms, and elements of XML."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar
from xml.parsers import expat

from understudy.matcher.body_forms.body_trees import read_tree
from understudy.matcher.body_forms.kinds import BodyKind
from understudy.matcher.body_forms.open_places import Places, select_marks
from understudy.matcher.body_forms.wild_texts import WildPairs, fits_value
from understudy.matcher.body_forms.xml_forms import canonicalize_xml
from understudy.matcher.body_forms.xml_places import parse_xml_place
from understudy.matcher.normal_forms import Pair
from understudy.matcher.parts.queries import QueryPattern
from understudy.store.model.exchanges import Part
from understudy.store.model.json_paths import format_step

MAX_XML_DEPTH = 64  # of elements that are named; the paths of deeper ones would take too much memory

XmlPath = tuple[str, ...]
Name = TypeVar("Name", str, XmlPath)


def list_differing_names(pattern: QueryPattern, pairs: Iterable[Pair]) -> list[str]:
    """Return the names whose values are not those of the pattern, each once, those of the pattern first."""
    mine, theirs, wild = _group_by_name(pattern.pairs), _group_by_name(pairs), Counter(pattern.wild)
    names = dict.fromkeys((*mine, *wild, *theirs))
    return [name for name in names if not _is_covered(mine[name], theirs[name], wild[name])]


def find_differing_paths(one: object, other: object, path: str = "$") -> Iterator[str]:
    """Yield the shortest JSON paths at which two documents differ; lists are compared item by item."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one | other:
            if name in one and name in other:
                yield from find_differing_paths(one[name], other[name], path + format_step(name))
            else:
                yield path + format_step(name)
    elif isinstance(one, list) and isinstance(other, list):
        for index, (mine, theirs) in enumerate(zip(one, other, strict=False)):
            yield from find_differing_paths(mine, theirs, f"{path}[{index}]")
        for index in range(*sorted((len(one), len(other)))):
            yield f"{path}[{index}]"
    elif not fits_value(one, other):
        yield path


def list_differing_fields(mine: bytes, theirs: bytes, places: Places, *, wild: bool) -> list[str]:
    """Return the names of the form fields whose values differ; with `wild`, `{{name}}` in mine stands for any text.

    Raises ValueError for too many fields.
    """
    one, other = (
        read_tree(body, BodyKind.FORM, None, places, wild=is_wild) for body, is_wild in ((mine, wild), (theirs, False))
    )
    if not isinstance(one, WildPairs) or not isinstance(other, WildPairs):
        raise ValueError("too many fields")
    return one.list_differing_names(other)


def _group_by_name(pairs: Iterable[tuple[Name, str]]) -> defaultdict[Name, Counter[str]]:
    groups: defaultdict[Name, Counter[str]] = defaultdict(Counter)
    for name, value in pairs:
        groups[name][value] += 1
    return groups


def _is_covered(mine: Counter[str], theirs: Counter[str], wild: int) -> bool:
    return mine <= theirs and (theirs - mine).total() == wild


def list_differing_elements(mine: bytes, theirs: bytes, places: Places) -> Sequence[str]:
    """Return the places of the XML elements that differ; raises ValueError for what is not read as XML."""
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
