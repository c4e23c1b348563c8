"""Finds the secrets of bodies by what these are: JSON, forms, multipart, lines of JSON, any other text."""

from __future__ import annotations

import re
from urllib.parse import quote_plus, unquote_to_bytes

from understudy.store import content_codings
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.media_types import LINES_OF_JSON, parse_media_type
from understudy.store.model.messages import Headers
from understudy.store.redaction.json_bodies import find_json_edits
from understudy.store.redaction.secret_finder import SecretFinder
from understudy.store.redaction.text_edits import Edit, to_byte_edits

PlaceSet = frozenset[RedactedPlace]
EditsAndPlaces = tuple[list[Edit], PlaceSet]
NO_PLACES: PlaceSet = frozenset()

FORM = "application/x-www-form-urlencoded"
_PART_NAME = re.compile(
    rb'^content-disposition:[^\r\n]*?;[ \t]*name=(?:"([^"\r\n]*)"|([^\s;]+))', re.IGNORECASE | re.MULTILINE
)
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_JSON_LINE = re.compile(rb"^(?:data:[ \t]*|\x1e)?([{\[].*)$", re.MULTILINE)
# As they are in forms, and as clients write them in queries.
_SAFE = "-._~!$'()*,;:@/?"


def decode_body(headers: Headers, body: bytes) -> bytes | None:
    """The body without its content codings; None if these cannot be undone."""
    return content_codings.remove_codings(",".join(headers.get_all("content-encoding")), body)


def find_body_edits(plain: bytes, content_type: str, finder: SecretFinder) -> EditsAndPlaces:
    """What is to be replaced in a body whose content codings are undone, and where that was.

    JSON is told by its looks: curl sends it as a form, browsers' fetch as plain text.
    """
    kind = parse_media_type(content_type)
    if kind == "multipart/form-data":
        return _find_in_parts(plain, content_type, finder)
    in_json = find_json_edits(plain, finder)
    if in_json is not None:
        edits, paths = in_json
        return edits, frozenset(RedactedPlace(Part.JSON, path) for path in paths)
    if kind == FORM:
        return find_pair_edits(plain, Part.FORM, finder)
    if kind in LINES_OF_JSON:
        return _find_in_lines(plain, finder)
    return find_text_edits(plain, finder)


def find_pair_edits(raw: bytes, part: Part, finder: SecretFinder) -> EditsAndPlaces:
    """Query or form pairs (WHATWG URL, section 5.1) whose values are to be replaced; every other byte stays."""
    edits: list[Edit] = []
    found: set[RedactedPlace] = set()
    looks = finder.may_find_in(_percent_decode(raw))
    start = 0
    for pair in raw.split(b"&"):
        name, _, value = pair.partition(b"=")
        end = start + len(pair)
        decoded = _percent_decode(name) if value else ""
        secret = finder.is_secret_field(decoded)
        if value and (secret or looks):
            new = finder.redact_value(_percent_decode(value), secret=secret)
            if new is not None:
                found.add(RedactedPlace(part, decoded))
                edits.append((end - len(value), end, quote_plus(new, _SAFE, "utf-8", "surrogateescape").encode()))
        start = end + 1
    return edits, frozenset(found)


def find_text_edits(plain: bytes, finder: SecretFinder) -> EditsAndPlaces:
    """What is to be replaced in a text; each place is the pattern that found it. Nothing in what is no UTF-8 text."""
    text = _decode_text(plain)
    spans = finder.find_spans(text) if text is not None else []
    if text is None or not spans:
        return [], NO_PLACES
    edits = [(start, end, finder.replace_secret(text[start:end])) for start, end, _ in spans]
    return to_byte_edits(text, edits, "utf-8"), frozenset(RedactedPlace(Part.TEXT, pattern) for *_, pattern in spans)


def _decode_text(plain: bytes) -> str | None:
    if b"\0" in plain:
        return None
    try:
        return plain.decode()
    except UnicodeDecodeError:
        return None


def _percent_decode(raw: bytes) -> str:
    plain = unquote_to_bytes(raw.replace(b"+", b" ")) if b"%" in raw or b"+" in raw else raw
    return plain.decode("utf-8", "surrogateescape")


def _find_in_parts(body: bytes, content_type: str, finder: SecretFinder) -> EditsAndPlaces:
    """Multipart form fields (RFC 7578) whose contents are to be replaced."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return [], NO_PLACES
    delimiter = b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1")
    edits: list[Edit] = []
    found: set[RedactedPlace] = set()
    start = -2
    # The first delimiter may stand at the very start (RFC 2046, section 5.1.1).
    for part in (b"\r\n" + body).split(delimiter):
        head, blank_line, content = part.partition(b"\r\n\r\n")
        match = _PART_NAME.search(head)
        name = (match[1] or match[2] or b"").decode("utf-8", "surrogateescape") if match else ""
        at = start + len(head) + len(blank_line)
        for begins, ends, new in _find_in_part(name, content, finder):
            edits.append((at + begins, at + ends, new))
            found.add(RedactedPlace(Part.FORM, name))
        start += len(part) + len(delimiter)
    return edits, frozenset(found)


def _find_in_part(name: str, content: bytes, finder: SecretFinder) -> list[Edit]:
    if not content:
        return []
    if not finder.is_secret_field(name):
        return find_body_edits(content, "", finder)[0]
    new = finder.redact_value(content.decode("utf-8", "surrogateescape"), secret=True)
    return [] if new is None else [(0, len(content), new.encode("utf-8", "surrogateescape"))]


def _find_in_lines(plain: bytes, finder: SecretFinder) -> EditsAndPlaces:
    """The secrets of JSON documents that stand each on a line, and of the text around them: events, and NDJSON."""
    edits: list[Edit] = []
    found: set[RedactedPlace] = set()
    for line in _JSON_LINE.finditer(plain):
        in_line = find_json_edits(line[1].rstrip(), finder)
        if in_line is not None:
            edits += [(line.start(1) + start, line.start(1) + end, new) for start, end, new in in_line[0]]
            found |= {RedactedPlace(Part.JSON, path) for path in in_line[1]}
    in_text, places = find_text_edits(plain, finder)
    spans = [(start, end) for start, end, _ in edits]
    others = [edit for edit in in_text if not any(start < edit[1] and edit[0] < end for start, end in spans)]
    return sorted(edits + others), frozenset(found) | (places if others else NO_PLACES)
