"""Which bodies are equal: canonical forms by media type, and the keys under which equal bodies are found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from understudy.matcher import normal_forms
from understudy.matcher.body_forms import graphql_forms
from understudy.matcher.body_forms.forms import canonicalize_form, canonicalize_multipart
from understudy.matcher.body_forms.json_forms import encode_value, parse_json
from understudy.matcher.body_forms.kinds import BodyKind, kind_from_media_type
from understudy.matcher.body_forms.open_places import NOWHERE, Mark, Places, mask_text, select_marks
from understudy.matcher.body_forms.xml_forms import canonicalize_xml
from understudy.store.content_codings import LIMIT, remove_codings
from understudy.store.model.exchanges import Part
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Headers, Request

CanonicalForm = tuple[BodyKind, bytes]  # what a body is compared as, and its canonical form

MAX_PARSED_SIZE = 16 * 2**20
"""Bytes of a body that are read as what it is said to be; longer ones are compared by bytes. Values take far more."""


def canonicalize(body: bytes, content_type: str | None, places: Places = NOWHERE) -> bytes:
    """The form that all bodies equal to this one share; the values at `places` do not count.

    JSON as values, forms as pairs in any order, multipart by parts without its boundary, XML by canonical form, GraphQL
    by what it asks, text with its line ends unified, everything else, and what does not parse, as bytes. `body` is
    without content encoding.
    """
    return _canonicalize(body, parse_media_type(content_type) or "", content_type or "", places)[1] if body else b""


def get_media_type(request: Request) -> str | None:
    """The media type of a request's body."""
    return parse_media_type(request.headers.get("content-type"))


def compute_body_key(body: bytes, headers: Headers, places: Places = NOWHERE) -> bytes:
    """A digest that equal bodies share, media type included; empty bodies are equal whatever their type.

    `body` is as it came: content codings are undone here.
    """
    return compute_plain_key(undo_codings(body, headers), headers.get("content-type"), places) if body else b""


def compute_plain_key(body: bytes, content_type: str | None, places: Places) -> bytes:
    """The same for a body whose content codings are undone."""
    return digest_body(body, content_type, places).key


@dataclass(frozen=True, slots=True)
class BodyDigest:
    """What a body was compared as, and the digest that equal ones share."""

    kind: BodyKind
    key: bytes


NO_DIGEST = BodyDigest(BodyKind.BYTES, b"")


def digest_body(body: bytes, content_type: str | None, places: Places = NOWHERE) -> BodyDigest:
    """Read a body whose content codings are undone, once for all that is asked about it."""
    if not body:
        return NO_DIGEST
    media = parse_media_type(content_type) or ""
    kind, text = _canonicalize(body, media, content_type or "", places)
    digest = hashlib.sha256(media.encode("utf-8") + b"\0")
    digest.update(text)
    return BodyDigest(kind, digest.digest())


def compute_request_key(request: Request, body: bytes) -> str:
    """Which requests are the same: SHA-256 (hex) over method, origin, normal path and query, and canonical body.

    `body` holds the bytes of the request's body as they came.
    """
    path, pairs = normal_forms.normalize_path(request.path), normal_forms.parse_query_pairs(request.query)
    parts = ascii((request.method, str(request.origin or ""), path, pairs)).encode("ascii")
    return hashlib.sha256(parts + b"\0" + compute_body_key(body, request.headers)).hexdigest()


def undo_codings(body: bytes, headers: Headers) -> bytes:
    """The body with its content codings undone; as it came if one is unknown, broken, or fills the memory."""
    codings = headers.get_all("content-encoding")
    undone = remove_codings(",".join(codings), body) if codings else body
    return body if undone is None else undone


def explain_kind(reading: BodyDigest, length: int, headers: Headers) -> str:
    """Why a body that is not empty was not compared as what its headers say; "" if it was.

    `length` is that of the body with its content codings undone, or of the one that came if they could not be.
    """
    declared = kind_from_media_type(parse_media_type(headers.get("content-type")) or "")
    if reading.kind is not BodyKind.BYTES or declared is BodyKind.BYTES or not length:
        return ""
    if length > MAX_PARSED_SIZE:
        return f"longer than {MAX_PARSED_SIZE // 2**20} MiB, so not read as the {declared.label} it is said to be"
    return f"not the {declared.label} that {parse_media_type(headers.get('content-type'))} says it is"


def explain_codings(body: bytes, headers: Headers) -> str:
    """Why the content codings of a body are not undone; "" if they are, or there are none."""
    codings = ",".join(headers.get_all("content-encoding"))
    if not body or not codings or remove_codings(codings, body) is not None:
        return ""
    return f"{codings} is unknown, broken or more than {LIMIT // 2**20} MiB, and is not undone"


def describe_comparison(body: bytes, headers: Headers, places: Places = NOWHERE) -> tuple[BodyKind, str]:
    """What a body is compared as; and, if that is not what its headers say, why. For explanations: reads it again."""
    note = explain_codings(body, headers)
    if note:
        return BodyKind.BYTES, note
    body = undo_codings(body, headers)
    reading = digest_body(body, headers.get("content-type"), places)
    return reading.kind, explain_kind(reading, len(body), headers)


def _canonicalize(body: bytes, media: str, content_type: str, places: Places) -> CanonicalForm:
    """What a body that is not empty is compared as, and its canonical form."""
    if len(body) <= MAX_PARSED_SIZE:
        texts = select_marks(places, Part.TEXT)
        body = mask_text(body, frozenset(texts)) if texts else body
        for kind in _list_kinds(media, places):
            try:
                return _READERS[kind](body, content_type, places)
            except (ValueError, RecursionError):
                continue
    return _read_bytes(body, content_type, places)


def _list_kinds(media: str, places: Places) -> tuple[BodyKind, ...]:
    # Redaction finds JSON by its looks: curl sends it as a form, and browsers' fetch as plain text.
    if places and any(place.part is Part.JSON and place.mark is Mark.REDACTED for place in places):
        return BodyKind.JSON, kind_from_media_type(media)
    return (kind_from_media_type(media),)


def _read_bytes(body: bytes, _content_type: str, _places: Places) -> CanonicalForm:
    return BodyKind.BYTES, b"bytes:" + body


def _read_text(body: bytes, _content_type: str, _places: Places) -> CanonicalForm:
    return BodyKind.TEXT, b"text:" + body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _read_json(body: bytes, _content_type: str, places: Places) -> CanonicalForm:
    value = parse_json(body, select_marks(places, Part.JSON))
    graphql = graphql_forms.normalize_graphql(value)
    return (
        (BodyKind.JSON, b"json:" + encode_value(value))
        if graphql is None
        else (BodyKind.GRAPHQL, b"graphql:" + encode_value(graphql))
    )


def _read_graphql(body: bytes, _content_type: str, _places: Places) -> CanonicalForm:
    query = graphql_forms.normalize_query(body.decode())
    if query is None:
        raise ValueError("not GraphQL")
    return BodyKind.GRAPHQL, b"graphql:" + query.encode()


def _read_form(body: bytes, _content_type: str, places: Places) -> CanonicalForm:
    return BodyKind.FORM, b"form:" + canonicalize_form(body, select_marks(places, Part.FORM))


def _read_multipart(body: bytes, content_type: str, places: Places) -> CanonicalForm:
    return BodyKind.MULTIPART, b"multipart:" + canonicalize_multipart(
        body, content_type, select_marks(places, Part.FORM)
    )


def _read_xml(body: bytes, _content_type: str, _places: Places) -> CanonicalForm:
    return BodyKind.XML, b"xml:" + canonicalize_xml(body)


_READERS: dict[BodyKind, Callable[[bytes, str, Places], CanonicalForm]] = {
    BodyKind.JSON: _read_json,
    BodyKind.GRAPHQL: _read_graphql,
    BodyKind.FORM: _read_form,
    BodyKind.MULTIPART: _read_multipart,
    BodyKind.XML: _read_xml,
    BodyKind.TEXT: _read_text,
    BodyKind.BYTES: _read_bytes,
}
