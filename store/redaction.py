"""Takes secrets out of requests and responses and tells where they were; `store.secret_names` says what is secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote_to_bytes

from store import codings
from store.entities import Part, Redacted
from store.json_secrets import PLACEHOLDER, redact_json
from store.messages import Headers, Request, Response
from store.naming import printable
from store.secret_names import is_secret

# The scheme says how a client signs in and is worth reading; any other first word may be part of the secret.
# IANA's registry of HTTP authentication schemes, and those that large services made up.
SCHEMES = frozenset(
    b"basic bearer concealed digest dpop gnap hawk hoba key mutual negotiate ntlm oauth privatetoken "
    b"scram-sha-1 scram-sha-256 vapid apikey aws4-hmac-sha256 sharedkey sharedkeylite token".split()
)

# Fields that hold a URL, whose query and fragment hold what any query holds: sign-in redirects put tokens there.
URL_FIELDS = frozenset({"referer", "location", "content-location"})

# Digests of a body that is no longer there (RFC 9530, and RFC 2616, section 14.15): a client that checks would refuse.
DIGEST_FIELDS = ("content-digest", "repr-digest", "digest", "content-md5")

_HIDDEN = PLACEHOLDER.encode()
_PART_NAME = re.compile(
    rb'^content-disposition:[^\r\n]*?;[ \t]*name=(?:"([^"\r\n]*)"|([^\s;]+))', re.IGNORECASE | re.MULTILINE
)
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)

_Found = frozenset[Redacted]
_NOTHING: _Found = frozenset()


def redact_request(request: Request, body: bytes) -> tuple[Request, frozenset[Redacted]]:
    """The request without its secrets, and where they were; `body` is what `request.body` holds or refers to.

    Names of header fields are in lower case, names of parameters decoded. A body without secrets stays the object that
    it was, so that a reference stays one; one with secrets loses its Content-Encoding. Never raises.
    """
    path, mark, query = request.target.partition(b"?")
    query, in_query = _redact_pairs(query, Part.QUERY)
    headers, trailers, changed, found = _redact_message(request.headers, request.trailers, body)
    found |= in_query
    if not found:
        return request, found
    kept = request.body if changed is None else changed
    return replace(request, target=path + mark + query, headers=headers, trailers=trailers, body=kept), found


def redact_response(response: Response, body: bytes) -> tuple[Response, frozenset[Redacted]]:
    """The response without its secrets, and where they were; otherwise like `redact_request`."""
    headers, trailers, changed, found = _redact_message(response.headers, response.trailers, body)
    if not found:
        return response, found
    if changed is None:
        return replace(response, headers=headers, trailers=trailers), found
    return replace(response, headers=headers, trailers=trailers, body=changed, chunks=()), found


def describe(requests: Mapping[Redacted, int], responses: Mapping[Redacted, int]) -> str:
    """One line that says what was redacted in how many messages, never a value; "nothing" if nothing was."""
    phrases = [
        f"{_place(place)} in {count} {noun}{'' if count == 1 else 's'}"
        for noun, counts in (("request", requests), ("response", responses))
        for place, count in sorted(counts.items())
    ]
    return ", ".join(phrases) or "nothing"


def _place(place: Redacted) -> str:
    name = printable(place.name)
    if place.part is Part.JSON:
        return name
    if place.part is not Part.HEADER:
        return f"{name} {place.part} value"
    kept_in_part = place.name in URL_FIELDS or place.name in ("cookie", "set-cookie")
    return f"{name.title()} {'value' if kept_in_part else 'header'}"


def _redact_message(headers: Headers, trailers: Headers, body: bytes) -> tuple[Headers, Headers, bytes | None, _Found]:
    """Headers, trailers and the new body, None if it stays."""
    headers, in_headers = _redact_fields(headers)
    trailers, in_trailers = _redact_fields(trailers)
    changed, in_body = _redact_body(headers, body) if body else (body, _NOTHING)
    if not in_body:
        return headers, trailers, None, in_headers | in_trailers
    return _framed(headers, changed), trailers, changed, in_headers | in_trailers | in_body


def _framed(headers: Headers, body: bytes) -> Headers:
    headers = headers.without(("content-encoding", *DIGEST_FIELDS))
    return headers.replace("Content-Length", str(len(body))) if "content-length" in headers else headers


def _redact_fields(headers: Headers) -> tuple[Headers, _Found]:
    found: set[Redacted] = set()
    fields: list[tuple[bytes, bytes]] = []
    for name, value in headers.fields:
        lower = name.decode("latin-1").lower()
        hidden = _redact_field(lower, value)
        if hidden is not None:
            found.add(Redacted(Part.HEADER, lower))
        fields.append((name, value if hidden is None else hidden))
    return (Headers(tuple(fields)), frozenset(found)) if found else (headers, _NOTHING)


def _redact_field(name: str, value: bytes) -> bytes | None:
    """The value without its secret, None if there is none in it."""
    if name == "cookie":
        return _changed(b";".join(map(_redact_cookie, value.split(b";"))), value)
    if name == "set-cookie":
        cookie, semicolon, attributes = value.partition(b";")
        return _changed(_redact_cookie(cookie) + semicolon + attributes, value)
    if name in URL_FIELDS:
        return _changed(_redact_url(value), value)
    if not value.strip() or not is_secret(name):
        return None
    scheme, space, _ = value.strip().partition(b" ")
    return scheme + b" " + _HIDDEN if space and scheme.lower() in SCHEMES else _HIDDEN


def _changed(new: bytes, old: bytes) -> bytes | None:
    return None if new == old else new


def _redact_cookie(pair: bytes) -> bytes:
    """A cookie without its value; one without "=" is all value (RFC 6265bis, section 5.7). Empty values stay."""
    name, equals, value = pair.partition(b"=")
    if not equals:
        name, value = b" " if pair.startswith(b" ") else b"", pair
    return name + equals + _HIDDEN if value.strip() else pair


def _redact_url(url: bytes) -> bytes:
    rest, hash_, fragment = url.partition(b"#")
    path, mark, query = rest.partition(b"?")
    parts = (path, mark, _redact_pairs(query, Part.QUERY)[0], hash_, _redact_pairs(fragment, Part.QUERY)[0])
    return b"".join(parts)


def _redact_pairs(raw: bytes, part: Part) -> tuple[bytes, _Found]:
    """Query or form pairs (WHATWG URL, section 5.1) with secret values replaced and every other byte as it was."""
    found = set()
    pairs = []
    for pair in raw.split(b"&"):
        name, _, value = pair.partition(b"=")
        decoded = unquote_to_bytes(name.replace(b"+", b" ")).decode("utf-8", "surrogateescape")
        if value and is_secret(decoded):
            found.add(Redacted(part, decoded))
            pairs.append(name + b"=" + _HIDDEN)
        else:
            pairs.append(pair)
    return b"&".join(pairs), frozenset(found)


def _redact_body(headers: Headers, body: bytes) -> tuple[bytes, _Found]:
    """The decoded body without its secrets; meaningless if none were found.

    JSON is told by its looks: curl sends it as a form, browsers' fetch as plain text.
    """
    plain = codings.undo(",".join(headers.get_all("content-encoding")), body)
    if plain is None:
        return body, _NOTHING
    content_type = headers.get("content-type") or ""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return _redact_parts(plain, content_type)
    redacted, paths = redact_json(plain)
    if paths:
        return redacted, frozenset(Redacted(Part.JSON, path) for path in paths)
    return _redact_pairs(plain, Part.FORM) if media_type == "application/x-www-form-urlencoded" else (plain, _NOTHING)


def _redact_parts(body: bytes, content_type: str) -> tuple[bytes, _Found]:
    """Multipart form fields (RFC 7578) with secret contents replaced and every other byte as it was."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return body, _NOTHING
    delimiter = b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1")
    found = set()
    parts = []
    # The first delimiter may stand at the very start (RFC 2046, section 5.1.1).
    for part in (b"\r\n" + body).split(delimiter):
        head, blank_line, content = part.partition(b"\r\n\r\n")
        match = _PART_NAME.search(head)
        name = (match[1] or match[2] or b"").decode("utf-8", "surrogateescape") if match else ""
        if content and is_secret(name):
            found.add(Redacted(Part.FORM, name))
            content = _HIDDEN
        parts.append(head + blank_line + content)
    return delimiter.join(parts)[2:], frozenset(found)
