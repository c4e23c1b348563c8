"""Find the secrets in a body by its format: JSON, form, multipart, lines of JSON, messages of gRPC, or other text."""

from __future__ import annotations

import re
from bisect import bisect_right
from urllib.parse import quote_plus, unquote_to_bytes

from understudy.store import content_codings
from understudy.store.grpc.framing import PREFIX_BYTES, GrpcMessage, decode_message, frame_message, split_messages
from understudy.store.grpc.protobuf import LengthField, encode_varint, find_fields
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.media_types import LINES_OF_JSON, parse_media_type
from understudy.store.model.messages import Headers
from understudy.store.redaction.json_bodies import find_json_edits, redact_inner
from understudy.store.redaction.recognition.markup_values import is_plain_xml
from understudy.store.redaction.secret_finder import SAFE_IN_PAIRS, FoundEdit, SecretFinder
from understudy.store.redaction.secret_names import Secrecy
from understudy.store.redaction.text_edits import Edit, apply_edits, to_byte_edits

PlaceSet = frozenset[RedactedPlace]
EditsAndPlaces = tuple[list[Edit], PlaceSet]
NO_PLACES: PlaceSet = frozenset()

FORM = "application/x-www-form-urlencoded"
_PART_NAME = re.compile(
    rb'^content-disposition:[^\r\n]*?;[ \t]*name=(?:"([^"\r\n]*)"|([^\s;]+))', re.IGNORECASE | re.MULTILINE
)
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_JSON_LINE = re.compile(rb"^(?:data:[ \t]*|\x1e)?([{\[].*)$", re.MULTILINE)
# JSONP: the call of a function, after a comment that some frameworks put before it.
_JSONP = re.compile(rb"\s*(?:/\*.*?\*/\s*)?(?:typeof [\w$.]+ === 'function' && )?[A-Za-z_$][\w$.\[\]]*\(\s*(?=[{\[])")
_JSONP_END = re.compile(rb"\s*\)\s*;?\s*$")


def decode_body(headers: Headers, body: bytes) -> bytes | None:
    """Return the body without its content codings; None if they cannot be decoded."""
    return content_codings.remove_codings(",".join(headers.get_all("content-encoding")), body)


def find_body_edits(plain: bytes, content_type: str, finder: SecretFinder) -> EditsAndPlaces:
    """Return the edits that redact a decoded body, and their places.

    JSON is recognised by its content: curl sends it as a form by default, and the fetch function of browsers as plain
    text.
    """
    media_type = parse_media_type(content_type)
    if media_type == "multipart/form-data":
        return _find_in_parts(plain, content_type, finder)
    in_json = find_json_edits(plain, finder)
    if in_json is not None:
        edits, paths = in_json
        return edits, frozenset(RedactedPlace(Part.JSON, path) for path in paths)
    if media_type == FORM:
        return find_pair_edits(plain, Part.FORM, finder)
    in_call = _find_in_call(plain, finder)
    if in_call is not None:
        return in_call
    if media_type in LINES_OF_JSON:
        return _find_in_lines(plain, finder)
    return find_text_edits(plain, finder)


def find_pair_edits(raw: bytes, part: Part, finder: SecretFinder) -> EditsAndPlaces:
    """Return the edits that redact the values of query or form pairs (WHATWG URL, section 5.1), and their places."""
    edits: list[Edit] = []
    places: set[RedactedPlace] = set()
    start = 0
    for pair in raw.split(b"&"):
        name, _, value = pair.partition(b"=")
        end = start + len(pair)
        if value:
            decoded_name = _percent_decode(name)
            new = redact_inner(_percent_decode(value), finder, finder.classify_field(decoded_name))
            if new is not None:
                places.add(RedactedPlace(part, decoded_name))
                written = quote_plus(new, SAFE_IN_PAIRS, "utf-8", "surrogateescape").encode()
                edits.append((end - len(value), end, written))
        start = end + 1
    return edits, frozenset(places)


def find_text_edits(plain: bytes, finder: SecretFinder) -> EditsAndPlaces:
    """Return the edits that redact a UTF-8 text, and the patterns that found the secrets as places.

    For bytes that are not UTF-8 text there are no edits.
    """
    text = _decode_text(plain)
    found = finder.find_edits(text) if text is not None else []
    if text is None or not found:
        return [], NO_PLACES
    edits = to_byte_edits(text, [edit[:3] for edit in found], "utf-8")
    # Elements are compared at their places; what cannot be parsed is compared as text.
    has_elements = any(edit.element for edit in found) and is_plain_xml(plain)
    return edits, frozenset(_locate(edit, has_elements=has_elements) for edit in found)


def _locate(edit: FoundEdit, *, has_elements: bool) -> RedactedPlace:
    is_element = has_elements and edit.element
    return RedactedPlace(Part.XML, edit.element) if is_element else RedactedPlace(Part.TEXT, edit.pattern)


def _find_in_call(plain: bytes, finder: SecretFinder) -> EditsAndPlaces | None:
    """Return the edits that redact the JSON document in a call of a function; None for another body."""
    start, end = _JSONP.match(plain), _JSONP_END.search(plain, max(0, len(plain) - 16))
    in_json = find_json_edits(plain[start.end() : end.start()], finder) if start and end else None
    if start is None or in_json is None:
        return None
    edits, paths = in_json
    offset = start.end()
    moved = [(first + offset, last + offset, new) for first, last, new in edits]
    return moved, frozenset(RedactedPlace(Part.JSON, path) for path in paths)


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


def find_grpc_edits(body: bytes, headers: Headers, finder: SecretFinder) -> EditsAndPlaces:
    """Return the edits that redact a body of gRPC message by message, and their places.

    Prefixes are edits too. A compressed message with secrets becomes one without compression; one that cannot be
    decompressed stays (see `count_unread_messages`).
    """
    edits: list[Edit] = []
    places: PlaceSet = NO_PLACES
    for message in split_messages(body):
        message_edits, message_places = _find_in_message(message, headers, finder)
        edits += message_edits
        places |= message_places
    return edits, places


def count_unread_messages(body: bytes, headers: Headers) -> int:
    """Return the number of messages whose compression cannot be removed, so that no secrets are looked for."""
    return sum(decode_message(one, headers) is None for one in split_messages(body) if one.is_compressed)


def _find_in_message(message: GrpcMessage, headers: Headers, finder: SecretFinder) -> EditsAndPlaces:
    plain = decode_message(message, headers)
    edits, places = find_content_edits(plain, finder) if plain else ([], NO_PLACES)
    if not edits or plain is None:
        return [], NO_PLACES
    start, redacted = message.offset + PREFIX_BYTES, apply_edits(plain, edits)
    if message.is_compressed:
        return [(message.offset, start + len(message.content), frame_message(redacted))], places
    prefix = frame_message(redacted)[1:PREFIX_BYTES]
    return [(message.offset + 1, start, prefix), *_move(edits, start)], places


def find_content_edits(plain: bytes, finder: SecretFinder) -> EditsAndPlaces:
    """Return the edits that redact the content of a message: of Protocol Buffers by its texts, else as any body."""
    fields = find_fields(plain)
    return find_body_edits(plain, "", finder) if fields is None else _find_in_fields(plain, fields, finder)


def _find_in_fields(data: bytes, fields: tuple[LengthField, ...], finder: SecretFinder) -> EditsAndPlaces:
    edits: list[Edit] = []
    places: PlaceSet = NO_PLACES
    for field in fields:
        inner, inner_places = _find_in_field(data, field, finder)
        growth = sum(len(new) - (end - start) for start, end, new in inner)
        if growth:
            edits.append((field.length_start, field.start, encode_varint(field.end - field.start + growth)))
        edits += inner
        places |= inner_places
    return edits, places


def _find_in_field(data: bytes, field: LengthField, finder: SecretFinder) -> EditsAndPlaces:
    if field.fields is not None:
        return _find_in_fields(data, field.fields, finder)
    edits, places = find_body_edits(data[field.start : field.end], "", finder)
    return _move(edits, field.start), places


def _move(edits: list[Edit], offset: int) -> list[Edit]:
    return [(start + offset, end + offset, new) for start, end, new in edits]


def _find_in_parts(body: bytes, content_type: str, finder: SecretFinder) -> EditsAndPlaces:
    """Return the edits that redact the fields of a multipart form (RFC 7578), and their places."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return [], NO_PLACES
    delimiter = b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1")
    edits: list[Edit] = []
    places: set[RedactedPlace] = set()
    start = -2
    # The first delimiter may be at the start of the body, without a line end (RFC 2046, section 5.1.1).
    for part in (b"\r\n" + body).split(delimiter):
        head, blank_line, content = part.partition(b"\r\n\r\n")
        match = _PART_NAME.search(head)
        name = (match[1] or match[2] or b"").decode("utf-8", "surrogateescape") if match else ""
        offset = start + len(head) + len(blank_line)
        for edit_start, edit_end, new in _find_in_part(name, content, finder):
            edits.append((offset + edit_start, offset + edit_end, new))
            places.add(RedactedPlace(Part.FORM, name))
        start += len(part) + len(delimiter)
    return edits, frozenset(places)


def _find_in_part(name: str, content: bytes, finder: SecretFinder) -> list[Edit]:
    if not content:
        return []
    secrecy = finder.classify_field(name)
    if secrecy is Secrecy.NONE:
        return find_body_edits(content, "", finder)[0]
    new = redact_inner(content.decode("utf-8", "surrogateescape"), finder, secrecy)
    return [] if new is None else [(0, len(content), new.encode("utf-8", "surrogateescape"))]


def _find_in_lines(plain: bytes, finder: SecretFinder) -> EditsAndPlaces:
    """Return the edits that redact events or NDJSON: the JSON document on each line, and the text around it."""
    edits: list[Edit] = []
    places: set[RedactedPlace] = set()
    searched: list[tuple[int, int]] = []
    for line in _JSON_LINE.finditer(plain):
        in_line = find_json_edits(line[1].rstrip(), finder)
        if in_line is not None:
            searched.append(line.span(1))
            edits += [(line.start(1) + start, line.start(1) + end, new) for start, end, new in in_line[0]]
            places |= {RedactedPlace(Part.JSON, path) for path in in_line[1]}
    text_edits, text_places = find_text_edits(plain, finder)
    others = [edit for edit in text_edits if not _overlaps(edit, searched)]
    return sorted(edits + others), frozenset(places) | (text_places if others else NO_PLACES)


def _overlaps(edit: Edit, spans: list[tuple[int, int]]) -> bool:
    """Whether an edit overlaps one of these spans, which are in order and without overlap."""
    index = bisect_right(spans, edit[0], key=lambda span: span[0]) - 1
    is_in_previous = index >= 0 and edit[0] < spans[index][1]
    return is_in_previous or (index + 1 < len(spans) and spans[index + 1][0] < edit[1])
