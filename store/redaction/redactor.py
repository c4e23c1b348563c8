"""Takes secrets out of requests and responses and tells where they were; `secret_finder` says what is secret."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import quote, unquote

from understudy.store.model.exchanges import Part, Redacted
from understudy.store.model.messages import Chunk, Headers, Interim, Request, Response
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.redaction.bodies import NOTHING, Found, body_edits, pair_edits, undone
from understudy.store.redaction.placeholders import Placeholder, constant, masked
from understudy.store.redaction.rules import NO_RULES, Rules
from understudy.store.redaction.secret_finder import SecretFinder
from understudy.store.redaction.text_edits import Edit, edited, moved

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


_IN_PARTS = URL_FIELDS | {"cookie", "set-cookie"}


class _Redacted(NamedTuple):
    """A message: its new body, None if that stays, and the edits that made it, None if it was coded."""

    headers: Headers
    trailers: Headers
    body: bytes | None
    edits: list[Edit] | None
    found: Found


class Redactor:
    """Takes out what is secret by its rules, by its name or by its looks, and puts placeholders there.

    Names of header fields are told in lower case, names of parameters decoded. A body without secrets stays the object
    that it was, so that a reference stays one; one with secrets loses its Content-Encoding. Nothing raises.
    """

    def __init__(
        self,
        rules: Rules = NO_RULES,
        placeholder: Placeholder = masked,
        *,
        built_in: bool = True,
        remembers: bool = False,
    ) -> None:
        self._finder = SecretFinder(rules, placeholder, built_in=built_in, remembers=remembers)

    def for_comparing(self, places: Iterable[Redacted] = ()) -> Redactor:
        """One that makes alike what differs in secrets only: what it finds, these places, and placeholders."""
        other = Redactor()
        other._finder = self._finder.for_comparing(_rules_of(places), constant)
        return other

    def for_showing(self) -> Redactor:
        """One that finds the same, what this one will have seen too, with one word for every secret."""
        other = Redactor()
        other._finder = self._finder.for_showing(masked)
        return other

    def request(self, request: Request, body: bytes) -> tuple[Request, Found]:
        """The request without its secrets, and where they were; `body` is what `request.body` holds or refers to."""
        path, mark, query = request.target.partition(b"?")
        path, in_path = self._path(path)
        query_edits, in_query = pair_edits(query, Part.QUERY, self._finder) if query else ([], NOTHING)
        message = self._message(request.headers, request.trailers, body)
        found = in_path | in_query | message.found
        if not found:
            return request, found
        kept = request.body if message.body is None else message.body
        target = path + mark + edited(query, query_edits)
        changed = replace(request, target=target, headers=message.headers, trailers=message.trailers, body=kept)
        return changed, found

    def response(self, response: Response, body: bytes) -> tuple[Response, Found]:
        """The response without its secrets, and where they were; chunks keep their times if their bounds are known."""
        message = self._message(response.headers, response.trailers, body)
        interim, in_interim = self._interim(response.interim)
        found = message.found | in_interim
        if not found:
            return response, found
        return replace(
            response,
            headers=message.headers,
            trailers=message.trailers,
            body=response.body if message.body is None else message.body,
            chunks=_chunks(response.chunks, message),
            interim=interim,
        ), found

    def message(self, message: WebSocketMessage) -> WebSocketMessage:
        """A message of a WebSocket without its secrets; bytes that are no text stay."""
        if message.kind is MessageKind.CLOSE:
            return message
        edits, _ = body_edits(message.content, "", self._finder)
        return replace(message, content=edited(message.content, edits)) if edits else message

    def text(self, text: str) -> str:
        """A text for a log or a terminal, without the secrets that are known by their looks."""
        return self._by_looks(text, set())

    def _message(self, headers: Headers, trailers: Headers, body: bytes) -> _Redacted:
        headers, in_headers = self._fields(headers)
        trailers, in_trailers = self._fields(trailers)
        plain = undone(headers, body) if body else None
        edits, in_body = ([], NOTHING) if plain is None else self._body(headers, plain)
        found = in_headers | in_trailers | in_body
        if plain is None or not edits:
            return _Redacted(headers, trailers, None, None, found)
        changed = edited(plain, edits)
        if changed == plain:  # placeholders already
            return _Redacted(headers, trailers, None, None, found)
        coded = "content-encoding" in headers
        return _Redacted(_framed(headers, changed), trailers, changed, None if coded else edits, found)

    def _body(self, headers: Headers, plain: bytes) -> tuple[list[Edit], Found]:
        return body_edits(plain, headers.get("content-type") or "", self._finder)

    def _interim(self, interim: tuple[Interim, ...]) -> tuple[tuple[Interim, ...], Found]:
        redacted = [(one, *self._fields(one.headers)) for one in interim]
        found: Found = frozenset().union(*(places for *_, places in redacted))
        return tuple(replace(one, headers=headers) for one, headers, _ in redacted) if found else interim, found

    def _path(self, path: bytes) -> tuple[bytes, Found]:
        """The path without secrets known by their looks, and without segments known to be secrets."""
        text = path.decode("latin-1")
        if "%" not in text and not self._finder.may_find_in(text):
            return path, NOTHING
        places: set[Redacted] = set()
        segments: list[str] = []
        for segment in self._by_looks(text, places).split("/"):
            new = self._finder.value(unquote(segment), secret=False) if segment else None
            written = segment if new is None else quote(new, safe="!$&'()*+,;=:@~")
            if new is not None:
                places.add(Redacted(Part.PATH, written))
            segments.append(written)
        return "/".join(segments).encode("latin-1"), frozenset(places)

    def _by_looks(self, text: str, places: set[Redacted]) -> str:
        edits = [(start, end, self._finder.replacement(text[start:end])) for start, end, _ in self._finder.spans(text)]
        places |= {Redacted(Part.PATH, new) for *_, new in edits}
        return edited(text, edits)

    def _fields(self, headers: Headers) -> tuple[Headers, Found]:
        if not headers.fields:
            return headers, NOTHING
        found: set[Redacted] = set()
        fields: list[tuple[bytes, bytes]] = []
        looks = self._finder.may_find_in(b"\n".join([value for _, value in headers.fields]).decode("latin-1"))
        for name, value in headers.fields:
            lower = name.decode("latin-1").lower()
            told = lower in _IN_PARTS or self._finder.is_header(lower)
            hidden = self._field(lower, value.decode("latin-1")) if told or looks else None
            if hidden is not None:
                found.add(Redacted(Part.HEADER, lower))
            fields.append((name, value if hidden is None else hidden.encode("latin-1", "replace")))
        return (Headers(tuple(fields)), frozenset(found)) if found else (headers, NOTHING)

    def _field(self, name: str, value: str) -> str | None:
        """The value without its secret, None if there is none in it."""
        if self._finder.built_in and name == "cookie":
            return self._cookies(value.split(";"))
        if self._finder.built_in and name == "set-cookie":
            cookie, semicolon, attributes = value.partition(";")
            redacted = self._cookies([cookie])
            return None if redacted is None else redacted + semicolon + attributes
        if name in URL_FIELDS and name not in self._finder.rules.headers:
            return self._url(value)
        if not self._finder.is_header(name):
            return self._finder.value(value, secret=False)
        stripped = value.strip()
        scheme, space, credentials = stripped.partition(" ")
        if space and scheme.lower() in SCHEMES and credentials.strip():
            new = self._finder.value(credentials.strip(), secret=True)
            return None if new is None else f"{scheme} {new}"
        return self._finder.value(stripped, secret=True)

    def _cookies(self, pairs: list[str]) -> str | None:
        redacted = [self._cookie(pair) for pair in pairs]
        if all(one is None for one in redacted):
            return None
        return ";".join(pair if one is None else one for pair, one in zip(pairs, redacted, strict=True))

    def _cookie(self, pair: str) -> str | None:
        """A cookie without its value; one without "=" is all value (RFC 6265bis, section 5.7). Empty values stay."""
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = " " if pair.startswith(" ") else "", pair
        new = self._finder.value(value.strip(), secret=True)
        return None if new is None else name + equals + new

    def _url(self, url: str) -> str | None:
        rest, hash_, fragment = url.partition("#")
        path, mark, query = rest.partition("?")
        new_path = self._by_looks(path, set()) if self._finder.may_find_in(path) else path
        edits = [pair_edits(pairs.encode("latin-1"), Part.QUERY, self._finder) for pairs in (query, fragment)]
        if new_path == path and not any(found for _, found in edits):
            return None
        query, fragment = (
            edited(pairs.encode("latin-1"), changes).decode("latin-1")
            for pairs, (changes, _) in zip((query, fragment), edits, strict=True)
        )
        return new_path + mark + query + hash_ + fragment


BUILT_IN = Redactor()


def _rules_of(places: Iterable[Redacted]) -> Rules:
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


def _framed(headers: Headers, body: bytes) -> Headers:
    headers = headers.without(("content-encoding", *DIGEST_FIELDS))
    return headers.replace("Content-Length", str(len(body))) if "content-length" in headers else headers


def _chunks(chunks: tuple[Chunk, ...], message: _Redacted) -> tuple[Chunk, ...]:
    if message.body is None:
        return chunks
    return () if message.edits is None else moved(chunks, message.edits)
