"""Canonical forms of bodies by media type, and the keys that equal bodies share (docs/matching.md, "Bodies")."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from understudy.matcher import normal_forms
from understudy.matcher.body_forms import graphql_forms
from understudy.matcher.body_forms.forms import canonicalize_form, canonicalize_multipart
from understudy.matcher.body_forms.grpc_forms import canonicalize_grpc, decompress_messages
from understudy.matcher.body_forms.json_forms import encode_value, parse_json
from understudy.matcher.body_forms.kinds import BodyKind, kind_from_media_type
from understudy.matcher.body_forms.open_places import NOWHERE, Mark, Places, mask_text, select_marks
from understudy.matcher.body_forms.xml_forms import canonicalize_xml
from understudy.store.content_codings import LIMIT, remove_codings
from understudy.store.model.exchanges import Part
from understudy.store.model.media_types import is_grpc_type, parse_media_type
from understudy.store.model.messages import Headers, Request

CanonicalForm = tuple[BodyKind, bytes]  # the kind a body is compared as, and its canonical form

_GRPC_FLAGS = (b"\0", b"\1")  # one of them begins each body of gRPC

MAX_PARSED_SIZE = 16 * 2**20
"""Bytes of a body up to which it is parsed; longer ones are compared as bytes, because values take far more memory."""


def canonicalize(body: bytes, content_type: str | None, places: Places = NOWHERE) -> bytes:
    """Return the canonical form that all bodies equal to this one share; the values at `places` do not count.

    JSON is compared as values, a form as pairs in any order, multipart by parts without its boundary, XML by canonical
    form, GraphQL by its operations, text with unified line ends; everything else, and a body that cannot be parsed, as
    bytes; the texts in messages of gRPC one by one, if there are places. `body` is without content coding.
    """
    return _canonicalize(body, parse_media_type(content_type) or "", content_type or "", places)[1] if body else b""


def get_media_type(request: Request) -> str | None:
    """Return the media type of a request's body, or None."""
    return parse_media_type(request.headers.get("content-type"))


def compute_body_key(body: bytes, headers: Headers, places: Places = NOWHERE) -> bytes:
    """Return a digest that equal bodies share, media type included; b"" for an empty body, whatever its type.

    `body` is as it was sent: its content codings are removed here.
    """
    return compute_plain_key(undo_codings(body, headers), headers.get("content-type"), places) if body else b""


def compute_plain_key(body: bytes, content_type: str | None, places: Places) -> bytes:
    """Return the digest that equal bodies share, for a body without content coding."""
    return digest_body(body, content_type, places).key


@dataclass(frozen=True, slots=True)
class BodyDigest:
    """The kind that a body is compared as, and the digest that equal bodies share."""

    kind: BodyKind
    key: bytes


NO_DIGEST = BodyDigest(BodyKind.BYTES, b"")


def digest_body(body: bytes, content_type: str | None, places: Places = NOWHERE) -> BodyDigest:
    """Parse a body without content coding, and return its kind and key."""
    if not body:
        return NO_DIGEST
    media = parse_media_type(content_type) or ""
    kind, text = _canonicalize(body, media, content_type or "", places)
    digest = hashlib.sha256(media.encode("utf-8") + b"\0")
    digest.update(text)
    return BodyDigest(kind, digest.digest())


def compute_request_key(request: Request, body: bytes) -> str:
    """Return the key of equal requests: SHA-256 (hex) over method, origin, normal path and query, and canonical body.

    The order of the values of a repeated query parameter counts.

    `body` holds the bytes of the request's body as they were sent.
    """
    path, pairs = normal_forms.normalize_path(request.path), normal_forms.parse_ordered_pairs(request.query)
    parts = ascii((request.method, str(request.origin.normal if request.origin else ""), path, pairs)).encode("ascii")
    return hashlib.sha256(parts + b"\0" + compute_body_key(body, request.headers)).hexdigest()


def undo_codings(body: bytes, headers: Headers) -> bytes:
    """Return the body with its content codings removed; unchanged if one is unknown, broken, or expands too far.

    So is the compression of the messages of gRPC.
    """
    if body[:1] in _GRPC_FLAGS and is_grpc_type(headers.get("content-type")):
        return decompress_messages(body, headers)
    codings = headers.get_all("content-encoding")
    undone = remove_codings(",".join(codings), body) if codings else body
    return body if undone is None else undone


def explain_kind(digest: BodyDigest, length: int, headers: Headers) -> str:
    """Return why a body is not compared as its media type suggests; "" if it is, or if it is empty.

    `length` is that of the body without its content codings, or of the body as sent if these cannot be removed.
    """
    declared = kind_from_media_type(parse_media_type(headers.get("content-type")) or "")
    if digest.kind is not BodyKind.BYTES or declared is BodyKind.BYTES or not length:
        return ""
    if length > MAX_PARSED_SIZE:
        return f"it is longer than {MAX_PARSED_SIZE // 2**20} MiB, so it is not read as {declared.label}"
    return f"it cannot be read as {declared.label} ({parse_media_type(headers.get('content-type'))})"


def explain_codings(body: bytes, headers: Headers) -> str:
    """Return why the content codings of a body are not removed; "" if they are, or if there are no codings."""
    codings = ",".join(headers.get_all("content-encoding"))
    if not body or not codings or remove_codings(codings, body) is not None:
        return ""
    return f"its content coding {codings} is unknown, broken or larger than {LIMIT // 2**20} MiB, so it is not undone"


def describe_comparison(body: bytes, headers: Headers, places: Places = NOWHERE) -> tuple[BodyKind, str]:
    """Return the kind that a body is compared as, and why this is not the kind of its media type (or "").

    This parses the body once more, for explanations only.
    """
    note = explain_codings(body, headers)
    if note:
        return BodyKind.BYTES, note
    body = undo_codings(body, headers)
    digest = digest_body(body, headers.get("content-type"), places)
    return digest.kind, explain_kind(digest, len(body), headers)


def _canonicalize(body: bytes, media: str, content_type: str, places: Places) -> CanonicalForm:
    """Return the kind that a body (not empty) is compared as, and its canonical form."""
    if len(body) <= MAX_PARSED_SIZE:
        if places and is_grpc_type(content_type):
            return _read_grpc(body, places)
        texts = select_marks(places, Part.TEXT)
        body = mask_text(body, frozenset(texts)) if texts else body
        for kind in _list_kinds(media, places):
            try:
                return _READERS[kind](body, content_type, places)
            except (ValueError, RecursionError):
                continue
    return _read_bytes(body, content_type, places)


def _list_kinds(media: str, places: Places) -> tuple[BodyKind, ...]:
    # Redaction recognises JSON by its content: curl sends it as a form by default, browsers' fetch as plain text.
    if places and any(place.part is Part.JSON and place.mark is Mark.REDACTED for place in places):
        return BodyKind.JSON, kind_from_media_type(media)
    return (kind_from_media_type(media),)


def _read_bytes(body: bytes, _content_type: str, _places: Places) -> CanonicalForm:
    return BodyKind.BYTES, b"bytes:" + body


def _read_grpc(body: bytes, places: Places) -> CanonicalForm:
    # Without places, the bytes decide: a digest of them costs less, and equal messages have equal bytes in practice.
    def canonicalize_text(text: bytes) -> bytes:
        media = "application/json" if text[:1] in (b"{", b"[") else ""
        return _canonicalize(text, media, media, places)[1] if text else b""

    return BodyKind.BYTES, b"grpc:" + canonicalize_grpc(body, canonicalize_text)


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


def _read_xml(body: bytes, _content_type: str, places: Places) -> CanonicalForm:
    return BodyKind.XML, b"xml:" + canonicalize_xml(body, select_marks(places, Part.XML))


_READERS: dict[BodyKind, Callable[[bytes, str, Places], CanonicalForm]] = {
    BodyKind.JSON: _read_json,
    BodyKind.GRAPHQL: _read_graphql,
    BodyKind.FORM: _read_form,
    BodyKind.MULTIPART: _read_multipart,
    BodyKind.XML: _read_xml,
    BodyKind.TEXT: _read_text,
    BodyKind.BYTES: _read_bytes,
}
