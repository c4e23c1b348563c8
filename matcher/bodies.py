"""Which bodies are equal: canonical forms by media type, and the keys under which equal bodies are found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from urllib.parse import quote

from matcher import normal
from matcher.json_forms import OPEN, json_text
from store.codings import undo
from store.entities import Part, Redacted
from store.messages import Headers, Request

Places = frozenset[Redacted]
NOWHERE: Places = frozenset()
Form = Callable[[bytes, str, Places], bytes]

_INLINE = 256  # parts up to this many bytes are written out, for the people who read explanations

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]*)"|([^;\s]*))', re.IGNORECASE)
_PART_NAME = re.compile(r';\s*name=(?:"([^"]*)"|([^\s;]+))', re.IGNORECASE)


def canonical(body: bytes, content_type: str | None, places: Places = NOWHERE) -> bytes:
    """The form that all bodies equal to this one share; the values at redacted `places` do not count.

    JSON as values, forms as pairs in any order, multipart by parts without its boundary, text with its line ends
    unified, everything else, and what does not parse, as bytes. `body` is without content encoding.
    """
    if not body:
        return b""
    for form in _forms_for(media_type(content_type) or "", places):
        try:
            return form(body, content_type or "", places)
        except (ValueError, RecursionError):
            continue
    return _bytes(body, "", places)


def media_type(content_type: str | None) -> str | None:
    """The media type without its parameters, which do not count, in lower case; None if there is none."""
    return (content_type or "").partition(";")[0].strip().lower() or None


def body_key(body: bytes, headers: Headers, places: Places = NOWHERE) -> bytes:
    """A digest that equal bodies share, media type included; empty bodies are equal whatever their type.

    `body` is as it came: content codings are undone here.
    """
    body = without_encoding(body, ",".join(headers.get_all("content-encoding")))
    if not body:
        return b""
    content_type = headers.get("content-type")
    kind = (media_type(content_type) or "").encode("utf-8")
    return hashlib.sha256(kind + b"\0" + canonical(body, content_type, places)).digest()


def request_key(request: Request, body: bytes) -> str:
    """Which requests are the same: SHA-256 (hex) over method, origin, normal path and query, and canonical body.

    `body` holds the bytes of the request's body as they came.
    """
    path, pairs = normal.path_text(request.path), normal.query_pairs(request.query)
    told = ascii((request.method, str(request.origin or ""), path, pairs)).encode("ascii")
    return hashlib.sha256(told + b"\0" + body_key(body, request.headers)).hexdigest()


def without_encoding(body: bytes, content_encoding: str) -> bytes:
    """The body with its content codings undone; as it came if one is unknown, broken, or fills the memory."""
    plain = undo(content_encoding, body)
    return body if plain is None else plain


def _forms_for(kind: str, places: Places) -> tuple[Form, ...]:
    # Redaction finds JSON by its looks: curl sends it as a form, and browsers' fetch as plain text.
    looks_like_json = any(place.part is Part.JSON for place in places)
    return (_json, _form_for(kind)) if looks_like_json else (_form_for(kind),)


def _form_for(kind: str) -> Form:
    if kind.endswith("+json") or kind in ("application/json", "text/json"):
        return _json
    if kind == "application/x-www-form-urlencoded":
        return _form
    if kind.startswith("multipart/"):
        return _multipart
    return _text if kind.startswith("text/") else _bytes


# Each form begins with its name, so that a body of one form never equals one of another.


def _bytes(body: bytes, _content_type: str, _places: Places) -> bytes:
    return b"bytes:" + body


def _text(body: bytes, _content_type: str, _places: Places) -> bytes:
    return b"text:" + body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _json(body: bytes, _content_type: str, places: Places) -> bytes:
    return b"json:" + json_text(body, _names(places, Part.JSON)).encode("utf-8", "surrogatepass")


def _form(body: bytes, _content_type: str, places: Places) -> bytes:
    hidden = _names(places, Part.FORM)
    pairs = (
        f"{_quoted(name)}={OPEN if name in hidden else _quoted(value)}" for name, value in normal.query_pairs(body)
    )
    return b"form:" + "&".join(sorted(pairs)).encode("ascii")


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def _multipart(body: bytes, content_type: str, places: Places) -> bytes:
    found = _BOUNDARY.search(content_type)
    boundary = (found[1] or found[2]) if found else ""
    if not boundary:
        raise ValueError("multipart without a boundary (RFC 2046, section 5.1.1)")
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"))
    if len(pieces) == 1 or not pieces[-1].startswith(b"--"):
        raise ValueError("multipart without its closing delimiter")
    hidden = _names(places, Part.FORM)
    return b"multipart:" + b"\n".join(_part(piece, hidden) for piece in pieces[1:-1])


def _part(piece: bytes, hidden: frozenset[str]) -> bytes:
    padding, line_end, rest = piece.partition(b"\r\n")
    if padding.strip() or not line_end:
        raise ValueError("a part that begins on the line of its delimiter")
    # A part may have no header: then it begins with the empty line.
    head, empty_line, content = (b"\r\n" + rest).partition(b"\r\n\r\n")
    if not empty_line:
        raise ValueError("a part without the empty line after its header")
    fields = sorted(_field(line) for line in head.split(b"\r\n") if line)
    named = next((found[1] or found[2] for name, value in fields if (found := _part_name(name, value))), None)
    return f"{fields!a} {OPEN if named in hidden else _content(content)}".encode("ascii")


def _field(line: bytes) -> tuple[str, str]:
    name, _, value = line.partition(b":")
    return normal.text_of(name).strip().lower(), normal.text_of(value).strip()


def _part_name(name: str, value: str) -> re.Match[str] | None:
    return _PART_NAME.search(value) if name == "content-disposition" else None


def _content(content: bytes) -> str:
    if len(content) <= _INLINE:
        return repr(content)
    return f"{len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}"


def _names(places: Places, part: Part) -> frozenset[str]:
    return frozenset(place.name for place in places if place.part is part)
