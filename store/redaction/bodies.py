"""Finds the secrets of bodies by what these are: JSON, forms, multipart, lines of JSON, any other text."""

from __future__ import annotations

import re
from urllib.parse import quote_plus, unquote_to_bytes

from understudy.store import content_codings
from understudy.store.model.exchanges import Part, Redacted
from understudy.store.model.media_types import LINES_OF_JSON, media_type
from understudy.store.model.messages import Headers
from understudy.store.redaction.json_bodies import json_edits
from understudy.store.redaction.secret_finder import SecretFinder
from understudy.store.redaction.text_edits import Edit, byte_edits

Found = frozenset[Redacted]
Edits = tuple[list[Edit], Found]
NOTHING: Found = frozenset()

FORM = "application/x-www-form-urlencoded"
_PART_NAME = re.compile(
    rb'^content-disposition:[^\r\n]*?;[ \t]*name=(?:"([^"\r\n]*)"|([^\s;]+))', re.IGNORECASE | re.MULTILINE
)
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_JSON_LINE = re.compile(rb"^(?:data:[ \t]*|\x1e)?([{\[].*)$", re.MULTILINE)
# As they are in forms, and as clients write them in queries.
_SAFE = "-._~!$'()*,;:@/?"


def undone(headers: Headers, body: bytes) -> bytes | None:
    """The body without its content codings; None if these cannot be undone."""
    return content_codings.undo(",".join(headers.get_all("content-encoding")), body)


def body_edits(plain: bytes, content_type: str, finder: SecretFinder) -> Edits:
    """What is to be replaced in a body whose content codings are undone, and where that was.

    JSON is told by its looks: curl sends it as a form, browsers' fetch as plain text.
    """
    kind = media_type(content_type)
    if kind == "multipart/form-data":
        return _in_parts(plain, content_type, finder)
    in_json = json_edits(plain, finder)
    if in_json is not None:
        edits, paths = in_json
        return edits, frozenset(Redacted(Part.JSON, path) for path in paths)
    if kind == FORM:
        return pair_edits(plain, Part.FORM, finder)
    if kind in LINES_OF_JSON:
        return _in_lines(plain, finder)
    return text_edits(plain, finder)


def pair_edits(raw: bytes, part: Part, finder: SecretFinder) -> Edits:
    """Query or form pairs (WHATWG URL, section 5.1) whose values are to be replaced; every other byte stays."""
    edits: list[Edit] = []
    found: set[Redacted] = set()
    looks = finder.may_find_in(_decoded(raw))
    start = 0
    for pair in raw.split(b"&"):
        name, _, value = pair.partition(b"=")
        end = start + len(pair)
        decoded = _decoded(name) if value else ""
        secret = finder.is_field(decoded)
        if value and (secret or looks):
            new = finder.value(_decoded(value), secret=secret)
            if new is not None:
                found.add(Redacted(part, decoded))
                edits.append((end - len(value), end, quote_plus(new, _SAFE, "utf-8", "surrogateescape").encode()))
        start = end + 1
    return edits, frozenset(found)


def text_edits(plain: bytes, finder: SecretFinder) -> Edits:
    """What is to be replaced in a text; each place is the pattern that found it. Nothing in what is no UTF-8 text."""
    text = _text(plain)
    spans = finder.spans(text) if text is not None else []
    if text is None or not spans:
        return [], NOTHING
    edits = [(start, end, finder.replacement(text[start:end])) for start, end, _ in spans]
    return byte_edits(text, edits, "utf-8"), frozenset(Redacted(Part.TEXT, pattern) for *_, pattern in spans)


def _text(plain: bytes) -> str | None:
    if b"\0" in plain:
        return None
    try:
        return plain.decode()
    except UnicodeDecodeError:
        return None


def _decoded(raw: bytes) -> str:
    plain = unquote_to_bytes(raw.replace(b"+", b" ")) if b"%" in raw or b"+" in raw else raw
    return plain.decode("utf-8", "surrogateescape")


def _in_parts(body: bytes, content_type: str, finder: SecretFinder) -> Edits:
    """Multipart form fields (RFC 7578) whose contents are to be replaced."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return [], NOTHING
    delimiter = b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1")
    edits: list[Edit] = []
    found: set[Redacted] = set()
    start = -2
    # The first delimiter may stand at the very start (RFC 2046, section 5.1.1).
    for part in (b"\r\n" + body).split(delimiter):
        head, blank_line, content = part.partition(b"\r\n\r\n")
        match = _PART_NAME.search(head)
        name = (match[1] or match[2] or b"").decode("utf-8", "surrogateescape") if match else ""
        at = start + len(head) + len(blank_line)
        for begins, ends, new in _in_part(name, content, finder):
            edits.append((at + begins, at + ends, new))
            found.add(Redacted(Part.FORM, name))
        start += len(part) + len(delimiter)
    return edits, frozenset(found)


def _in_part(name: str, content: bytes, finder: SecretFinder) -> list[Edit]:
    if not content:
        return []
    if not finder.is_field(name):
        return body_edits(content, "", finder)[0]
    new = finder.value(content.decode("utf-8", "surrogateescape"), secret=True)
    return [] if new is None else [(0, len(content), new.encode("utf-8", "surrogateescape"))]


def _in_lines(plain: bytes, finder: SecretFinder) -> Edits:
    """The secrets of JSON documents that stand each on a line, and of the text around them: events, and NDJSON."""
    edits: list[Edit] = []
    found: set[Redacted] = set()
    for line in _JSON_LINE.finditer(plain):
        in_line = json_edits(line[1].rstrip(), finder)
        if in_line is not None:
            edits += [(line.start(1) + start, line.start(1) + end, new) for start, end, new in in_line[0]]
            found |= {Redacted(Part.JSON, path) for path in in_line[1]}
    in_text, places = text_edits(plain, finder)
    spans = [(start, end) for start, end, _ in edits]
    others = [edit for edit in in_text if not any(start < edit[1] and edit[0] < end for start, end in spans)]
    return sorted(edits + others), frozenset(found) | (places if others else NOTHING)
