"""Which bodies are equal: canonical forms by media type, and the keys under which equal bodies are found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from understudy.matcher import normal_forms
from understudy.matcher.body_forms import graphql_forms
from understudy.matcher.body_forms.forms import form_text, multipart_text
from understudy.matcher.body_forms.json_forms import json_value, written
from understudy.matcher.body_forms.kinds import Kind, kind_of
from understudy.matcher.body_forms.open_places import NOWHERE, Mark, Places, names, opened_text
from understudy.matcher.body_forms.xml_forms import xml_text
from understudy.store.content_codings import LIMIT, undo
from understudy.store.model.exchanges import Part
from understudy.store.model.media_types import media_type
from understudy.store.model.messages import Headers, Request

Form = tuple[Kind, bytes]  # what a body is compared as, and its canonical form

LONGEST = 16 * 2**20
"""Bytes of a body that are read as what it is said to be; longer ones are compared by bytes. Values take far more."""


def canonical(body: bytes, content_type: str | None, places: Places = NOWHERE) -> bytes:
    """The form that all bodies equal to this one share; the values at `places` do not count.

    JSON as values, forms as pairs in any order, multipart by parts without its boundary, XML by canonical form, GraphQL
    by what it asks, text with its line ends unified, everything else, and what does not parse, as bytes. `body` is
    without content encoding.
    """
    return _canonical(body, media_type(content_type) or "", content_type or "", places)[1] if body else b""


def request_media_type(request: Request) -> str | None:
    """The media type of a request's body."""
    return media_type(request.headers.get("content-type"))


def body_key(body: bytes, headers: Headers, places: Places = NOWHERE) -> bytes:
    """A digest that equal bodies share, media type included; empty bodies are equal whatever their type.

    `body` is as it came: content codings are undone here.
    """
    return plain_key(plain(body, headers), headers.get("content-type"), places) if body else b""


def plain_key(body: bytes, content_type: str | None, places: Places) -> bytes:
    """The same for a body whose content codings are undone."""
    return read(body, content_type, places).key


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body was compared as, and the digest that equal ones share."""

    kind: Kind
    key: bytes


NO_READING = Reading(Kind.BYTES, b"")


def read(body: bytes, content_type: str | None, places: Places = NOWHERE) -> Reading:
    """Read a body whose content codings are undone, once for all that is asked about it."""
    if not body:
        return NO_READING
    media = media_type(content_type) or ""
    kind, text = _canonical(body, media, content_type or "", places)
    digest = hashlib.sha256(media.encode("utf-8") + b"\0")
    digest.update(text)
    return Reading(kind, digest.digest())


def request_key(request: Request, body: bytes) -> str:
    """Which requests are the same: SHA-256 (hex) over method, origin, normal path and query, and canonical body.

    `body` holds the bytes of the request's body as they came.
    """
    path, pairs = normal_forms.path_text(request.path), normal_forms.query_pairs(request.query)
    told = ascii((request.method, str(request.origin or ""), path, pairs)).encode("ascii")
    return hashlib.sha256(told + b"\0" + body_key(body, request.headers)).hexdigest()


def plain(body: bytes, headers: Headers) -> bytes:
    """The body with its content codings undone; as it came if one is unknown, broken, or fills the memory."""
    codings = headers.get_all("content-encoding")
    undone = undo(",".join(codings), body) if codings else body
    return body if undone is None else undone


def told(reading: Reading, length: int, headers: Headers) -> str:
    """Why a body that is not empty was not compared as what its headers say; "" if it was.

    `length` is that of the body with its content codings undone, or of the one that came if they could not be.
    """
    said = kind_of(media_type(headers.get("content-type")) or "")
    if reading.kind is not Kind.BYTES or said is Kind.BYTES or not length:
        return ""
    if length > LONGEST:
        return f"longer than {LONGEST // 2**20} MiB, so not read as the {said.words} it is said to be"
    return f"not the {said.words} that {media_type(headers.get('content-type'))} says it is"


def not_undone(body: bytes, headers: Headers) -> str:
    """Why the content codings of a body are not undone; "" if they are, or there are none."""
    codings = ",".join(headers.get_all("content-encoding"))
    if not body or not codings or undo(codings, body) is not None:
        return ""
    return f"{codings} is unknown, broken or more than {LIMIT // 2**20} MiB, and is not undone"


def compared_as(body: bytes, headers: Headers, places: Places = NOWHERE) -> tuple[Kind, str]:
    """What a body is compared as; and, if that is not what its headers say, why. For explanations: reads it again."""
    note = not_undone(body, headers)
    if note:
        return Kind.BYTES, note
    body = plain(body, headers)
    reading = read(body, headers.get("content-type"), places)
    return reading.kind, told(reading, len(body), headers)


def _canonical(body: bytes, media: str, content_type: str, places: Places) -> Form:
    """What a body that is not empty is compared as, and its canonical form."""
    if len(body) <= LONGEST:
        texts = names(places, Part.TEXT)
        body = opened_text(body, frozenset(texts)) if texts else body
        for kind in _kinds(media, places):
            try:
                return _FORMS[kind](body, content_type, places)
            except (ValueError, RecursionError):
                continue
    return _bytes(body, content_type, places)


def _kinds(media: str, places: Places) -> tuple[Kind, ...]:
    # Redaction finds JSON by its looks: curl sends it as a form, and browsers' fetch as plain text.
    if places and any(place.part is Part.JSON and place.mark is Mark.REDACTED for place in places):
        return Kind.JSON, kind_of(media)
    return (kind_of(media),)


def _bytes(body: bytes, _content_type: str, _places: Places) -> Form:
    return Kind.BYTES, b"bytes:" + body


def _text(body: bytes, _content_type: str, _places: Places) -> Form:
    return Kind.TEXT, b"text:" + body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _json(body: bytes, _content_type: str, places: Places) -> Form:
    value = json_value(body, names(places, Part.JSON))
    asked = graphql_forms.request_value(value)
    return (Kind.JSON, b"json:" + written(value)) if asked is None else (Kind.GRAPHQL, b"graphql:" + written(asked))


def _graphql(body: bytes, _content_type: str, _places: Places) -> Form:
    query = graphql_forms.normal_query(body.decode())
    if query is None:
        raise ValueError("not GraphQL")
    return Kind.GRAPHQL, b"graphql:" + query.encode()


def _form(body: bytes, _content_type: str, places: Places) -> Form:
    return Kind.FORM, b"form:" + form_text(body, names(places, Part.FORM))


def _multipart(body: bytes, content_type: str, places: Places) -> Form:
    return Kind.MULTIPART, b"multipart:" + multipart_text(body, content_type, names(places, Part.FORM))


def _xml(body: bytes, _content_type: str, _places: Places) -> Form:
    return Kind.XML, b"xml:" + xml_text(body)


_FORMS: dict[Kind, Callable[[bytes, str, Places], Form]] = {
    Kind.JSON: _json,
    Kind.GRAPHQL: _graphql,
    Kind.FORM: _form,
    Kind.MULTIPART: _multipart,
    Kind.XML: _xml,
    Kind.TEXT: _text,
    Kind.BYTES: _bytes,
}
