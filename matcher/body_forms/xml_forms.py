"""Canonical XML: names by namespace, attributes in any order, white space between elements ignored.

The standard library's expat reads it, without anything that could grow or load: a document type declaration, and with
it every entity definition, makes a body plain bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.parsers import expat

from understudy.matcher.body_forms.open_places import NO_MARKS, Mark, Marks
from understudy.matcher.body_forms.xml_places import XmlPlace, parse_xml_place

MAX_TAGS = 400_000  # tags and attributes of one document: each costs some microseconds
MAX_NAMES = 32 * 2**20  # characters of all names, each with its namespace: a short body can declare a long namespace

_SPACE = " \t\r\n"  # XML 1.0, production 3
_MARKUP = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_QUOTE = ('"', "&quot;")


def canonicalize_xml(body: bytes, marks: Marks = NO_MARKS) -> bytes:
    """Return the canonical form of a document, without prefixes and comments; raises ValueError if it is not XML.

    Elements at ignored places do not count, nor whether they exist. Of elements at other marked places the content does
    not count.
    """
    tags = body.count(b"<") + body.count(b"=")
    if tags > MAX_TAGS:
        raise ValueError("too many elements and attributes")
    if tags * len(body) > MAX_NAMES and tags * _find_longest_namespace(body) > MAX_NAMES:
        raise ValueError("namespaces too long for so many elements and attributes")
    writer = _SkippingWriter([(parse_xml_place(place), marks[place]) for place in marks]) if marks else _Writer()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.StartElementHandler = writer.start_element
    parser.EndElementHandler = writer.end_element
    parser.CharacterDataHandler = writer.add_text
    parser.ProcessingInstructionHandler = writer.write_instruction
    _parse(parser, body)
    return bytes(writer.out)


def _find_longest_namespace(body: bytes) -> int:
    """Return the length of the longest namespace declaration, in characters, read without expanding any namespace.

    An entity that made it longer would need the document type declaration that is refused.
    """
    longest = 0

    def start(_name: str, attributes: dict[str, str]) -> None:
        nonlocal longest
        longest = max(longest, *(len(value) for name, value in attributes.items() if name.startswith("xmlns")), 0)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    _parse(parser, body)
    return longest


def _parse(parser: expat.XMLParserType, body: bytes) -> None:
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError) as error:
        raise ValueError(f"not XML: {error}") from error


def _refuse(*_: object) -> None:
    raise ValueError("a document type declaration is not read")


class _Writer:
    """Writes expat's events. It writes text as late as possible: only its end shows whether white space counts."""

    def __init__(self) -> None:
        self.out = bytearray()
        self._text: list[str] = []
        self._opened = False  # whether the last tag was a start tag: white space after it may be the whole content

    def start_element(self, name: str, attributes: list[str]) -> None:
        self._flush(leaf=False)
        pairs = sorted(zip(attributes[::2], attributes[1::2], strict=True))
        written = "".join(f' {{{key}}}="{_escape(value, _QUOTE)}"' for key, value in pairs)
        self._write(f"<{{{name}}}{written}>")
        self._opened = True

    def end_element(self, _name: str) -> None:
        self._flush(leaf=self._opened)
        self._write("</>")
        self._opened = False

    def add_text(self, data: str) -> None:
        self._text.append(data)

    def write_instruction(self, target: str, data: str) -> None:
        self._flush(leaf=False)
        self._write(f"<?{target} {data}?>")
        self._opened = False

    def _flush(self, *, leaf: bool) -> None:
        text = "".join(self._text)
        self._text.clear()
        if text and (leaf or text.strip(_SPACE)):
            self._write(_escape(text))

    def _write(self, text: str) -> None:
        self.out += text.encode("utf-8", "surrogatepass")


class _SkippingWriter(_Writer):
    """A writer that leaves out the elements, or only their content, at some places."""

    def __init__(self, places: Sequence[tuple[XmlPlace, Mark]]) -> None:
        super().__init__()
        self._places = places
        self._path: list[str] = []
        self._skipped_depth = 0  # of the element that is being left out
        self._is_left_open = False  # whether that element is written without its content

    def start_element(self, name: str, attributes: list[str]) -> None:
        self._path.append(name.rpartition(" ")[2])
        if self._skipped_depth:
            return
        found = {mark for place, mark in self._places if place.fits(self._path)}
        if Mark.IGNORED in found:
            self._flush(leaf=False)
            self._opened = False
        else:
            super().start_element(name, attributes)
        if found:
            self._skipped_depth = len(self._path)
            self._is_left_open = Mark.IGNORED not in found

    def end_element(self, name: str) -> None:
        if not self._skipped_depth:
            super().end_element(name)
        elif self._skipped_depth == len(self._path):
            self._skipped_depth = 0
            if self._is_left_open:
                self._write(Mark.REDACTED)
                super().end_element(name)
        self._path.pop()

    def add_text(self, data: str) -> None:
        if not self._skipped_depth:
            super().add_text(data)

    def write_instruction(self, target: str, data: str) -> None:
        if not self._skipped_depth:
            super().write_instruction(target, data)


def _escape(text: str, *others: tuple[str, str]) -> str:
    # xml.sax.saxutils imports urllib.request, ssl and socket: a third of all that the matcher would import.
    for mark, escape in (*_MARKUP, *others):
        text = text.replace(mark, escape)
    return text
