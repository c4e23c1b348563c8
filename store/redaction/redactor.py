"""Takes secrets out of requests and responses and tells where they were; `secret_finder` says what is secret."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import quote, unquote

from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Chunk, Headers, InterimResponse, Request, Response
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.redaction.bodies import NO_PLACES, PlaceSet, decode_body, find_body_edits, find_pair_edits
from understudy.store.redaction.placeholders import PlaceholderFactory, mask_secret, replace_by_constant
from understudy.store.redaction.rules import NO_RULES, Rules
from understudy.store.redaction.secret_finder import SecretFinder
from understudy.store.redaction.text_edits import Edit, apply_edits, move_chunks

# The scheme says how a client signs in and is worth reading; any other first word may be part of the secret.
# IANA's registry of HTTP authentication schemes, and those that large services made up.
SCHEMES = frozenset(
    {
        *("basic", "bearer", "concealed", "digest", "dpop", "gnap", "hawk", "hoba", "key", "mutual", "negotiate"),
        *("ntlm", "oauth", "privatetoken", "scram-sha-1", "scram-sha-256", "vapid"),
        *("apikey", "aws4-hmac-sha256", "sharedkey", "sharedkeylite", "token"),
    }
)

# Fields that hold a URL, whose query and fragment hold what any query holds: sign-in redirects put tokens there.
URL_FIELDS = frozenset({"referer", "location", "content-location"})

# Digests of a body that is no longer there (RFC 9530, and RFC 2616, section 14.15): a client that checks would refuse.
DIGEST_FIELDS = ("content-digest", "repr-digest", "digest", "content-md5")


_PARTLY_SECRET = URL_FIELDS | {"cookie", "set-cookie"}


class _RedactedMessage(NamedTuple):
    """A message: its new body, None if that stays, and the edits that made it, None if it was coded."""

    headers: Headers
    trailers: Headers
    body: bytes | None
    edits: list[Edit] | None
    found: PlaceSet


class Redactor:
    """Takes out what is secret by its rules, by its name or by its looks, and puts placeholders there.

    Names of header fields are told in lower case, names of parameters decoded. A body without secrets stays the object
    that it was, so that a reference stays one; one with secrets loses its Content-Encoding. Nothing raises.
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
        """One that makes alike what differs in secrets only: what it finds, these places, and placeholders."""
        other = Redactor()
        other._finder = self._finder.copy_for_comparing(_rules_from_places(places), replace_by_constant)
        return other

    def copy_for_display(self) -> Redactor:
        """One that finds the same, what this one will have seen too, with one word for every secret."""
        other = Redactor()
        other._finder = self._finder.copy_for_display(mask_secret)
        return other

    def redact_request(self, request: Request, body: bytes) -> tuple[Request, PlaceSet]:
        """The request without its secrets, and where they were; `body` is what `request.body` holds or refers to."""
        path, mark, query = request.target.partition(b"?")
        path, in_path = self._redact_path(path)
        query_edits, in_query = find_pair_edits(query, Part.QUERY, self._finder) if query else ([], NO_PLACES)
        message = self._redact_parts(request.headers, request.trailers, body)
        found = in_path | in_query | message.found
        if not found:
            return request, found
        kept = request.body if message.body is None else message.body
        target = path + mark + apply_edits(query, query_edits)
        changed = replace(request, target=target, headers=message.headers, trailers=message.trailers, body=kept)
        return changed, found

    def redact_response(self, response: Response, body: bytes) -> tuple[Response, PlaceSet]:
        """The response without its secrets, and where they were; chunks keep their times if their bounds are known."""
        message = self._redact_parts(response.headers, response.trailers, body)
        interim, in_interim = self._redact_interim(response.interim)
        found = message.found | in_interim
        if not found:
            return response, found
        return replace(
            response,
            headers=message.headers,
            trailers=message.trailers,
            body=response.body if message.body is None else message.body,
            chunks=_redact_chunks(response.chunks, message),
            interim=interim,
        ), found

    def redact_message(self, message: WebSocketMessage) -> WebSocketMessage:
        """A message of a WebSocket without its secrets; bytes that are no text stay."""
        if message.kind is MessageKind.CLOSE:
            return message
        edits, _ = find_body_edits(message.content, "", self._finder)
        return replace(message, content=apply_edits(message.content, edits)) if edits else message

    def redact_text(self, text: str) -> str:
        """A text for a log or a terminal, without the secrets that are known by their looks."""
        return self._redact_by_looks(text, set())

    def _redact_parts(self, headers: Headers, trailers: Headers, body: bytes) -> _RedactedMessage:
        headers, in_headers = self._redact_fields(headers)
        trailers, in_trailers = self._redact_fields(trailers)
        plain = decode_body(headers, body) if body else None
        edits, in_body = ([], NO_PLACES) if plain is None else self._find_in_body(headers, plain)
        found = in_headers | in_trailers | in_body
        if plain is None or not edits:
            return _RedactedMessage(headers, trailers, None, None, found)
        changed = apply_edits(plain, edits)
        if changed == plain:  # placeholders already
            return _RedactedMessage(headers, trailers, None, None, found)
        coded = "content-encoding" in headers
        return _RedactedMessage(_fix_framing(headers, changed), trailers, changed, None if coded else edits, found)

    def _find_in_body(self, headers: Headers, plain: bytes) -> tuple[list[Edit], PlaceSet]:
        return find_body_edits(plain, headers.get("content-type") or "", self._finder)

    def _redact_interim(self, interim: tuple[InterimResponse, ...]) -> tuple[tuple[InterimResponse, ...], PlaceSet]:
        redacted = [(one, *self._redact_fields(one.headers)) for one in interim]
        found: PlaceSet = frozenset().union(*(places for *_, places in redacted))
        return tuple(replace(one, headers=headers) for one, headers, _ in redacted) if found else interim, found

    def _redact_path(self, path: bytes) -> tuple[bytes, PlaceSet]:
        """The path without secrets known by their looks, and without segments known to be secrets."""
        text = path.decode("latin-1")
        if "%" not in text and not self._finder.may_find_in(text):
            return path, NO_PLACES
        places: set[RedactedPlace] = set()
        segments: list[str] = []
        for segment in self._redact_by_looks(text, places).split("/"):
            new = self._finder.redact_value(unquote(segment), secret=False) if segment else None
            written = segment if new is None else quote(new, safe="!$&'()*+,;=:@~")
            if new is not None:
                places.add(RedactedPlace(Part.PATH, written))
            segments.append(written)
        return "/".join(segments).encode("latin-1"), frozenset(places)

    def _redact_by_looks(self, text: str, places: set[RedactedPlace]) -> str:
        edits = [
            (start, end, self._finder.replace_secret(text[start:end]))
            for start, end, _ in self._finder.find_spans(text)
        ]
        places |= {RedactedPlace(Part.PATH, new) for *_, new in edits}
        return apply_edits(text, edits)

    def _redact_fields(self, headers: Headers) -> tuple[Headers, PlaceSet]:
        if not headers.fields:
            return headers, NO_PLACES
        found: set[RedactedPlace] = set()
        fields: list[tuple[bytes, bytes]] = []
        looks = self._finder.may_find_in(b"\n".join([value for _, value in headers.fields]).decode("latin-1"))
        for name, value in headers.fields:
            lower = name.decode("latin-1").lower()
            told = lower in _PARTLY_SECRET or self._finder.is_secret_header(lower)
            hidden = self._redact_field(lower, value.decode("latin-1")) if told or looks else None
            if hidden is not None:
                found.add(RedactedPlace(Part.HEADER, lower))
            fields.append((name, value if hidden is None else hidden.encode("latin-1", "replace")))
        return (Headers(tuple(fields)), frozenset(found)) if found else (headers, NO_PLACES)

    def _redact_field(self, name: str, value: str) -> str | None:
        """The value without its secret, None if there is none in it."""
        if self._finder.built_in and name == "cookie":
            return self._redact_cookies(value.split(";"))
        if self._finder.built_in and name == "set-cookie":
            cookie, semicolon, attributes = value.partition(";")
            redacted = self._redact_cookies([cookie])
            return None if redacted is None else redacted + semicolon + attributes
        if name in URL_FIELDS and name not in self._finder.rules.headers:
            return self._redact_url(value)
        if not self._finder.is_secret_header(name):
            return self._finder.redact_value(value, secret=False)
        stripped = value.strip()
        scheme, space, credentials = stripped.partition(" ")
        if space and scheme.lower() in SCHEMES and credentials.strip():
            new = self._finder.redact_value(credentials.strip(), secret=True)
            return None if new is None else f"{scheme} {new}"
        return self._finder.redact_value(stripped, secret=True)

    def _redact_cookies(self, pairs: list[str]) -> str | None:
        redacted = [self._redact_cookie(pair) for pair in pairs]
        if all(one is None for one in redacted):
            return None
        return ";".join(pair if one is None else one for pair, one in zip(pairs, redacted, strict=True))

    def _redact_cookie(self, pair: str) -> str | None:
        """A cookie without its value; one without "=" is all value (RFC 6265bis, section 5.7). Empty values stay."""
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = " " if pair.startswith(" ") else "", pair
        new = self._finder.redact_value(value.strip(), secret=True)
        return None if new is None else name + equals + new

    def _redact_url(self, url: str) -> str | None:
        rest, hash_, fragment = url.partition("#")
        path, mark, query = rest.partition("?")
        new_path = self._redact_by_looks(path, set()) if self._finder.may_find_in(path) else path
        edits = [find_pair_edits(pairs.encode("latin-1"), Part.QUERY, self._finder) for pairs in (query, fragment)]
        if new_path == path and not any(found for _, found in edits):
            return None
        query, fragment = (
            apply_edits(pairs.encode("latin-1"), changes).decode("latin-1")
            for pairs, (changes, _) in zip((query, fragment), edits, strict=True)
        )
        return new_path + mark + query + hash_ + fragment


BUILT_IN_REDACTOR = Redactor()


def _rules_from_places(places: Iterable[RedactedPlace]) -> Rules:
    """Rules that find what was taken out at these places, where a request is compared."""
    names: dict[Part, set[str]] = {part: set() for part in Part}
    for place in places:
        names[place.part].add(place.name)
    return Rules(
        headers=frozenset(names[Part.HEADER]),
        query=frozenset(names[Part.QUERY] | names[Part.FORM]),
        json=frozenset(names[Part.JSON]),
        patterns=tuple(sorted(filter(None, names[Part.TEXT]))),
    )


def _fix_framing(headers: Headers, body: bytes) -> Headers:
    headers = headers.drop(("content-encoding", *DIGEST_FIELDS))
    return headers.replace("Content-Length", str(len(body))) if "content-length" in headers else headers


def _redact_chunks(chunks: tuple[Chunk, ...], message: _RedactedMessage) -> tuple[Chunk, ...]:
    if message.body is None:
        return chunks
    return () if message.edits is None else move_chunks(chunks, message.edits)
