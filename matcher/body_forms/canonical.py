"""Canonical forms of bodies by media type, and the keys that equal bodies share (docs/matching.md, "Bodies")."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from understudy.matcher.body_forms import graphql_forms
from understudy.matcher.body_forms.codings import explain_codings, undo_codings
from understudy.matcher.body_forms.forms import canonicalize_form
from understudy.matcher.body_forms.grpc_forms import canonicalize_grpc
from understudy.matcher.body_forms.json_forms import encode_value, parse_json
from understudy.matcher.body_forms.json_sequences import parse_sequence
from understudy.matcher.body_forms.kinds import BodyKind, Reading, parse_body_type
from understudy.matcher.body_forms.multipart_forms import (
    MAX_NESTING,
    BodyPart,
    canonicalize_multipart,
    canonicalize_part,
    split_parts,
)
from understudy.matcher.body_forms.open_places import NOWHERE, Mark, Places, mask_text, select_marks
from understudy.matcher.body_forms.xml_forms import canonicalize_xml
from understudy.store.model.exchanges import Part
from understudy.store.model.media_types import is_grpc_type, parse_media_type
from understudy.store.model.messages import Headers, Request

CanonicalForm = tuple[BodyKind, bytes]  # the kind a body is compared as, and its canonical form


MAX_PARSED_SIZE = 16 * 2**20
"""Bytes of a body up to which it is parsed; longer ones are compared as bytes, because values take far more memory."""

_DOCUMENT = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*[{\[]")  # how an object or array begins
_CONTENT_DECIDES = (Reading.PLAIN, Reading.UNTYPED)


def canonicalize(body: bytes, content_type: str | None, places: Places = NOWHERE) -> bytes:
    """Return the canonical form that all bodies equal to this one share; the values at `places` do not count.

    JSON is compared as values, a form as pairs in any order, multipart by parts without its boundary, XML by canonical
    form, GraphQL by its operations, text with unified line ends; everything else, and a body that cannot be parsed, as
    bytes; the texts in messages of gRPC one by one, if there are places. `body` is without content coding.
    """
    return read_body(body, parse_body_type(content_type).reading, content_type, places)[1] if body else b""


def get_media_type(request: Request) -> str | None:
    """Return the media type of a request's body, or None."""
    return parse_media_type(request.headers.get("content-type"))


def have_same_type(one: Request, other: Request) -> bool:
    """Return whether the bodies of two requests have media types that count as one, or one has no Content-Type."""
    mine, theirs = (parse_body_type(each.headers.get("content-type")).media for each in (one, other))
    return mine == theirs or not mine or not theirs


def compute_body_key(body: bytes, headers: Headers, places: Places = NOWHERE) -> bytes:
    """Return a digest that equal bodies share, media type included; b"" for an empty body, whatever its type.

    `body` is as it was sent: its content codings are removed here. A body without Content-Type has a type of its own.
    """
    plain = undo_codings(body, headers) if body else b""
    if not plain:
        return b""
    content_type = headers.get("content-type")
    media = parse_body_type(content_type).media
    return hashlib.sha256(media.encode("utf-8") + b"\0" + canonicalize(plain, content_type, places)).digest()


@dataclass(frozen=True, slots=True)
class BodyDigest:
    """The kind that a body is compared as, and the digest that equal bodies of one reading share."""

    kind: BodyKind
    key: bytes


NO_DIGEST = BodyDigest(BodyKind.BYTES, b"")


def digest_body(body: bytes, reading: Reading, content_type: str | None, places: Places = NOWHERE) -> BodyDigest:
    """Parse a body without content coding, and return its kind and key."""
    if not body:
        return NO_DIGEST
    kind, text = read_body(body, reading, content_type, places)
    return BodyDigest(kind, hashlib.sha256(text).digest())


def explain_kind(digest: BodyDigest, reading: Reading, length: int, content_type: str | None) -> str:
    """Return why a body is not compared as its media type suggests; "" if it is, or if it is empty.

    `length` is that of the body without its content codings, or of the body as sent if these cannot be removed.
    """
    declared = reading.kind
    if digest.kind is not BodyKind.BYTES or declared is BodyKind.BYTES or not length:
        return ""
    if length > MAX_PARSED_SIZE:
        return f"it is longer than {MAX_PARSED_SIZE // 2**20} MiB, so it is not read as {declared.label}"
    named = f" ({parse_media_type(content_type)})" if content_type else ""
    return f"it cannot be read as {declared.label}{named}"


def describe_comparison(
    body: bytes, headers: Headers, places: Places = NOWHERE, reading: Reading | None = None
) -> tuple[BodyKind, str]:
    """Return the kind that a body is compared as, and why this is not the kind of its media type (or "").

    `reading` is how it is read, if its own Content-Type does not say that. This parses the body once more, for
    explanations only.
    """
    note = explain_codings(body, headers)
    if note:
        return BodyKind.BYTES, note
    content_type = headers.get("content-type")
    reading = reading or parse_body_type(content_type).reading
    body = undo_codings(body, headers)
    digest = digest_body(body, reading, content_type, places)
    return digest.kind, explain_kind(digest, reading, len(body), content_type)


def read_body(
    body: bytes, reading: Reading, content_type: str | None, places: Places = NOWHERE, depth: int = 0
) -> CanonicalForm:
    """Return the kind that a body (not empty, without content coding) is compared as, and its canonical form.

    `content_type` is the body's own, None if it has none; `depth` is the number of multipart bodies around it.
    """
    if len(body) <= MAX_PARSED_SIZE and depth <= MAX_NESTING:
        if places and is_grpc_type(content_type):
            return _read_grpc(body, places)
        if places and (texts := select_marks(places, Part.TEXT)):
            body = mask_text(body, frozenset(texts))
        for kind in list_kinds(body, reading, places):
            try:
                return _READERS[kind](body, content_type or "", places, depth)
            except (ValueError, RecursionError):
                continue
    return _read_bytes(body, "", places, depth)


def list_kinds(body: bytes, reading: Reading, places: Places) -> tuple[BodyKind, ...]:
    """Return the kinds that a body may be, the likeliest first."""
    if reading in _CONTENT_DECIDES and _DOCUMENT.match(body):
        return BodyKind.JSON, reading.kind
    # Redaction recognises JSON and XML by content: curl sends them as a form by default.
    parts = {place.part for place in places if place.mark is Mark.REDACTED} if places else ()
    by_content = (
        () if reading is Reading.SEQUENCE else [kind for part, kind in _READ_BY_CONTENT.items() if part in parts]
    )
    return (*by_content, reading.kind)


def list_canonical_parts(body: bytes, content_type: str | None, places: Places) -> list[tuple[BodyPart, bytes]]:
    """Return each part that counts, and its canonical form; raises ValueError if the body is not multipart."""
    marks = select_marks(places, Part.FORM)
    parts = [part for part in split_parts(body, content_type or "") if marks.get(part.name) is not Mark.IGNORED]
    return [(part, canonicalize_part(part, marks, lambda each: _read_part(each, places, 1))) for part in parts]


def _read_part(part: BodyPart, places: Places, depth: int) -> CanonicalForm:
    if not part.content:
        return BodyKind.BYTES, b""
    reading = parse_body_type(part.content_type).reading
    kind, text = read_body(part.content, reading, part.content_type, places, depth)
    return kind, text.partition(b":")[2]


def _read_bytes(body: bytes, _content_type: str, _places: Places, _depth: int) -> CanonicalForm:
    return BodyKind.BYTES, b"bytes:" + body


def _read_grpc(body: bytes, places: Places) -> CanonicalForm:
    # Without places, the bytes decide: a digest of them costs less, and equal messages have equal bytes in practice.
    def canonicalize_text(text: bytes) -> bytes:
        reading = Reading.JSON if text[:1] in (b"{", b"[") else Reading.BYTES
        return read_body(text, reading, None, places)[1] if text else b""

    return BodyKind.BYTES, b"grpc:" + canonicalize_grpc(body, canonicalize_text)


def _read_text(body: bytes, _content_type: str, _places: Places, _depth: int) -> CanonicalForm:
    return BodyKind.TEXT, b"text:" + body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _read_json(body: bytes, _content_type: str, places: Places, _depth: int) -> CanonicalForm:
    value = parse_json(body, select_marks(places, Part.JSON))
    graphql = graphql_forms.normalize_graphql(value)
    return (
        (BodyKind.JSON, b"json:" + encode_value(value))
        if graphql is None
        else (BodyKind.GRAPHQL, b"graphql:" + encode_value(graphql))
    )


def _read_sequence(body: bytes, _content_type: str, places: Places, _depth: int) -> CanonicalForm:
    return BodyKind.SEQUENCE, b"sequence:" + encode_value(parse_sequence(body, select_marks(places, Part.JSON)))


def _read_graphql(body: bytes, _content_type: str, _places: Places, _depth: int) -> CanonicalForm:
    query = graphql_forms.normalize_query(body.decode())
    if query is None:
        raise ValueError("not GraphQL")
    return BodyKind.GRAPHQL, b"graphql:" + query.encode()


def _read_form(body: bytes, _content_type: str, places: Places, _depth: int) -> CanonicalForm:
    return BodyKind.FORM, b"form:" + canonicalize_form(body, select_marks(places, Part.FORM))


def _read_multipart(body: bytes, content_type: str, places: Places, depth: int) -> CanonicalForm:
    marks = select_marks(places, Part.FORM)
    parts = canonicalize_multipart(body, content_type, marks, lambda part: _read_part(part, places, depth + 1))
    return BodyKind.MULTIPART, b"multipart:" + parts


def _read_xml(body: bytes, _content_type: str, places: Places, _depth: int) -> CanonicalForm:
    return BodyKind.XML, b"xml:" + canonicalize_xml(body, select_marks(places, Part.XML))


_READ_BY_CONTENT = {Part.JSON: BodyKind.JSON, Part.XML: BodyKind.XML}

_READERS: dict[BodyKind, Callable[[bytes, str, Places, int], CanonicalForm]] = {
    BodyKind.JSON: _read_json,
    BodyKind.SEQUENCE: _read_sequence,
    BodyKind.GRAPHQL: _read_graphql,
    BodyKind.FORM: _read_form,
    BodyKind.MULTIPART: _read_multipart,
    BodyKind.XML: _read_xml,
    BodyKind.TEXT: _read_text,
    BodyKind.BYTES: _read_bytes,
}
