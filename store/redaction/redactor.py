"""Redact requests, responses and WebSocket messages, and return the places of their secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote, unquote

from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.header_fields import is_digest_field
from understudy.store.model.media_types import is_grpc_type
from understudy.store.model.messages import Chunk, Headers, InterimResponse, Request, Response
from understudy.store.model.values import replace
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.redaction.bodies import (
    NO_PLACES,
    EditsAndPlaces,
    PlaceSet,
    decode_body,
    find_body_edits,
    find_content_edits,
    find_grpc_edits,
    find_pair_edits,
)
from understudy.store.redaction.json_bodies import redact_inner
from understudy.store.redaction.placeholders import PlaceholderFactory, mask_secret, replace_by_constant
from understudy.store.redaction.rules import NO_RULES, Rules
from understudy.store.redaction.secret_finder import SecretFinder
from understudy.store.redaction.secret_names import Secrecy
from understudy.store.redaction.text_edits import Edit, apply_edits, move_chunks

# The authentication schemes that stay readable; any other first word may be part of the secret.
# IANA's registry of HTTP authentication schemes, and schemes that large services invented.
SCHEMES = frozenset(
    {
        *("basic", "bearer", "concealed", "digest", "dpop", "gnap", "hawk", "hoba", "key", "mutual", "negotiate"),
        *("ntlm", "oauth", "privatetoken", "scram-sha-1", "scram-sha-256", "vapid"),
        *("apikey", "aws4-hmac-sha256", "sharedkey", "sharedkeylite", "token"),
    }
)

# Fields that hold a URL: redirects of sign-in pages put tokens into its query or fragment.
URL_FIELDS = frozenset({"referer", "location", "content-location"})

# Digests of the body (RFC 9530, and RFC 2616, section 14.15), which are wrong for a redacted one: clients would refuse.

_PARTLY_SECRET = URL_FIELDS | {"cookie", "set-cookie"}


class _RedactedMessage(NamedTuple):
    """The redacted parts of a message.

    `body` is the new body, None if it is unchanged. `edits` lead from the old body to the new one; None if the body is
    unchanged, or was coded. `places` are those of the secrets.
    """

    headers: Headers
    trailers: Headers
    body: bytes | None
    edits: list[Edit] | None
    places: PlaceSet


class Redactor:
    """Replaces secrets in messages by placeholders: by rules, by built-in names and patterns, and by earlier finds.

    The places of secrets have the names of header fields in lower case, and decoded names of parameters. A body without
    secrets stays the same object, so that a reference stays a reference; a body with secrets loses its content codings.
    No method raises.
    """

    def __init__(
        self,
        rules: Rules = NO_RULES,
        placeholder: PlaceholderFactory = mask_secret,
        *,
        built_in: bool = True,
        remembers: bool = False,
    ) -> None:
        self._finder = SecretFinder(rules, placeholder, built_in=built_in, remembers=remembers)

    def copy_for_comparing(self, places: Iterable[RedactedPlace] = ()) -> Redactor:
        """Return a redactor that makes messages equal if they differ only in secrets.

        It replaces the secrets that this one finds, the values at `places`, and placeholders by one word.
        """
        other = Redactor()
        other._finder = self._finder.copy_for_comparing(_rules_from_places(places), replace_by_constant)
        return other

    def copy_for_display(self) -> Redactor:
        """Return a redactor that replaces the secrets that this one finds, now and later, by one word."""
        other = Redactor()
        other._finder = self._finder.copy_for_display(mask_secret)
        return other

    def redact_request(self, request: Request, body: bytes) -> tuple[Request, PlaceSet]:
        """Return the request without its secrets, and their places; `body` holds the bytes of `request.body`."""
        path, mark, query = request.target.partition(b"?")
        path, path_places = self._redact_path(path)
        query_edits, query_places = find_pair_edits(query, Part.QUERY, self._finder) if query else ([], NO_PLACES)
        message = self._redact_parts(request.headers, request.trailers, body)
        places = path_places | query_places | message.places
        if not places:
            return request, places
        return replace(
            request,
            target=path + mark + apply_edits(query, query_edits),
            headers=message.headers,
            trailers=message.trailers,
            body=request.body if message.body is None else message.body,
        ), places

    def redact_response(self, response: Response, body: bytes) -> tuple[Response, PlaceSet]:
        """Return the response without its secrets, and their places; `body` holds the bytes of `response.body`.

        Chunks keep their times; the chunks of a coded body with secrets are dropped, as their bounds are unknown.
        """
        message = self._redact_parts(response.headers, response.trailers, body)
        interim, interim_places = self._redact_interim(response.interim)
        places = message.places | interim_places
        if not places:
            return response, places
        return replace(
            response,
            headers=message.headers,
            trailers=message.trailers,
            body=response.body if message.body is None else message.body,
            chunks=_redact_chunks(response.chunks, message),
            interim=interim,
        ), places

    def redact_message(self, message: WebSocketMessage) -> WebSocketMessage:
        """Return a message of a WebSocket or of gRPC without its secrets; bytes that are not text stay."""
        if message.kind is MessageKind.CLOSE:
            return message
        find = find_content_edits if message.kind is MessageKind.GRPC else _find_in_text
        edits, _ = find(message.content, self._finder)
        return replace(message, content=apply_edits(message.content, edits)) if edits else message

    def redact_text(self, text: str) -> str:
        """Return a text for a log or a terminal, without secrets of a known form."""
        return self._redact_by_form(text, set())

    def _redact_parts(self, headers: Headers, trailers: Headers, body: bytes) -> _RedactedMessage:
        headers, header_places = self._redact_fields(headers)
        trailers, trailer_places = self._redact_fields(trailers)
        plain = decode_body(headers, body) if body else None
        edits, body_places = ([], NO_PLACES) if plain is None else self._find_in_body(headers, plain)
        places = header_places | trailer_places | body_places
        if plain is None or not edits:
            return _RedactedMessage(headers, trailers, None, None, places)
        redacted = apply_edits(plain, edits)
        if redacted == plain:  # its secrets are placeholders already
            return _RedactedMessage(headers, trailers, None, None, places)
        is_coded = "content-encoding" in headers
        return _RedactedMessage(
            _fix_framing(headers, redacted), trailers, redacted, None if is_coded else edits, places
        )

    def _find_in_body(self, headers: Headers, plain: bytes) -> tuple[list[Edit], PlaceSet]:
        if is_grpc_type(headers.get("content-type")):
            return find_grpc_edits(plain, headers, self._finder)
        return find_body_edits(plain, headers.get("content-type") or "", self._finder)

    def _redact_interim(self, interim: tuple[InterimResponse, ...]) -> tuple[tuple[InterimResponse, ...], PlaceSet]:
        redacted = [(response, *self._redact_fields(response.headers)) for response in interim]
        places: PlaceSet = frozenset().union(*(places for *_, places in redacted))
        if not places:
            return interim, places
        return tuple(replace(response, headers=headers) for response, headers, _ in redacted), places

    def _redact_path(self, path: bytes) -> tuple[bytes, PlaceSet]:
        """Return the path without secrets of a known form and without segments that are earlier finds."""
        text = path.decode("latin-1")
        places: set[RedactedPlace] = set()
        segments: list[str] = []
        before = Secrecy.NONE
        for segment in self._redact_by_form(text, places).split("/"):
            plain = unquote(segment) if "%" in segment else segment
            new = self._finder.redact_value(plain, min(before, Secrecy.BY_LOOKS)) if segment else None
            before = self._finder.classify_segment(plain)
            written = segment if new is None else quote(new, safe="!$&'()*+,;=:@~")
            if new is not None:
                places.add(RedactedPlace(Part.PATH, written))
            segments.append(written)
        return ("/".join(segments).encode("latin-1"), frozenset(places)) if places else (path, NO_PLACES)

    def _redact_by_form(self, text: str, places: set[RedactedPlace]) -> str:
        edits = [edit[:3] for edit in self._finder.find_form_edits(text)]
        places |= {RedactedPlace(Part.PATH, new) for *_, new in edits}
        return apply_edits(text, edits)

    def _redact_fields(self, headers: Headers) -> tuple[Headers, PlaceSet]:
        if not headers.fields:
            return headers, NO_PLACES
        places: set[RedactedPlace] = set()
        fields: list[tuple[bytes, bytes]] = []
        may_find = self._finder.may_find_in(b"\n".join([value for _, value in headers.fields]).decode("latin-1"))
        for name, value in headers.fields:
            lower = name.decode("latin-1").lower()
            has_secret_name = lower in _PARTLY_SECRET or self._finder.classify_header(lower)
            new = self._redact_field(lower, value.decode("latin-1")) if has_secret_name or may_find else None
            if new is not None:
                places.add(RedactedPlace(Part.HEADER, lower))
            fields.append((name, value if new is None else new.encode("latin-1", "replace")))
        return (Headers(tuple(fields)), frozenset(places)) if places else (headers, NO_PLACES)

    def _redact_field(self, name: str, value: str) -> str | None:
        """Return the value of a field without its secrets, None if it contains no secret."""
        if self._finder.built_in and name == "cookie":
            return self._redact_cookies(value.split(";"))
        if self._finder.built_in and name == "set-cookie":
            cookie, semicolon, attributes = value.partition(";")
            redacted = self._redact_cookies([cookie])
            return None if redacted is None else redacted + semicolon + attributes
        if name in URL_FIELDS and name not in self._finder.rules.headers:
            return self._redact_url(value)
        secrecy = self._finder.classify_header(name)
        if not secrecy:
            return redact_inner(value, self._finder, secrecy)
        stripped = value.strip()
        scheme, space, credentials = stripped.partition(" ")
        if space and scheme.lower() in SCHEMES and credentials.strip():
            new = self._finder.redact_value(credentials.strip(), secrecy)
            return None if new is None else f"{scheme} {new}"
        return self._finder.redact_value(stripped, secrecy)

    def _redact_cookies(self, pairs: list[str]) -> str | None:
        redacted = [self._redact_cookie(pair) for pair in pairs]
        if all(new is None for new in redacted):
            return None
        return ";".join(pair if new is None else new for pair, new in zip(pairs, redacted, strict=True))

    def _redact_cookie(self, pair: str) -> str | None:
        """Return a cookie without its value, None if that is empty.

        A cookie without "=" consists of its value (RFC 6265bis, section 5.7).
        """
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = " " if pair.startswith(" ") else "", pair
        new = self._finder.redact_cookie(value.strip())
        return None if new is None else name + equals + new

    def _redact_url(self, url: str) -> str | None:
        rest, hash_, fragment = url.partition("#")
        path, mark, query = rest.partition("?")
        new_path = self._redact_path(path.encode("latin-1"))[0].decode("latin-1")
        edits = [find_pair_edits(pairs.encode("latin-1"), Part.QUERY, self._finder) for pairs in (query, fragment)]
        if new_path == path and not any(places for _, places in edits):
            return None
        query, fragment = (
            apply_edits(pairs.encode("latin-1"), changes).decode("latin-1")
            for pairs, (changes, _) in zip((query, fragment), edits, strict=True)
        )
        return new_path + mark + query + hash_ + fragment


BUILT_IN_REDACTOR = Redactor()


def _find_in_text(content: bytes, finder: SecretFinder) -> EditsAndPlaces:
    return find_body_edits(content, "", finder)


def _rules_from_places(places: Iterable[RedactedPlace]) -> Rules:
    """Return rules that find the values at these places in a request that is compared."""
    names: dict[Part, set[str]] = {part: set() for part in Part}
    for place in places:
        names[place.part].add(place.name)
    return Rules(
        headers=frozenset(names[Part.HEADER]),
        query=frozenset(names[Part.QUERY] | names[Part.FORM]),
        json=frozenset(names[Part.JSON]),
        patterns=tuple(sorted({*filter(None, names[Part.TEXT]), *map(_pattern_from_element, names[Part.XML])})),
    )


def _pattern_from_element(place: str) -> str:
    """Return a regular expression that finds the text of an XML element by the last name of its place."""
    name = re.escape(place.rpartition("/")[2])
    return rf"<(?:[\w.-]+:)?{name}(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[)?(?P<secret>[^<>\[\]\s][^<>\[\]]*)"


def _fix_framing(headers: Headers, body: bytes) -> Headers:
    headers = Headers(tuple(field for field in headers.fields if not is_digest_field(field[0].lower())))
    headers = headers.drop(("content-encoding",))
    return headers.replace("Content-Length", str(len(body))) if "content-length" in headers else headers


def _redact_chunks(chunks: tuple[Chunk, ...], message: _RedactedMessage) -> tuple[Chunk, ...]:
    if message.body is None:
        return chunks
    return () if message.edits is None else move_chunks(chunks, message.edits)
