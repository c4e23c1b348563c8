"""Keys of recorded requests: requests with one key are one request, and its answers are given in turn."""

from __future__ import annotations

import hashlib

from understudy.matcher import normal_forms
from understudy.matcher.body_forms.canonical import compute_body_key
from understudy.matcher.parts.bodies import collect_ignored_places
from understudy.matcher.parts.eligibility import CONDITIONS
from understudy.matcher.parts.headers import read_header_values
from understudy.matcher.parts.negotiation import NEGOTIATING, read_exact_values
from understudy.matcher.parts.operations import OPERATION_HEADERS, find_soap_action
from understudy.matcher.parts.queries import select_pairs
from understudy.matcher.settings import MatchSettings
from understudy.store.model.messages import Headers, Request
from understudy.store.model.values import replace

ALL_HEADERS = "*"
"""Stands in a list of header names for all recorded ones."""
FRAMING_FIELDS = frozenset({"host", "content-length", "expect"})
"""Fields that repeat the body's length or the host, or are removed before a request is decided."""


def compute_request_key(request: Request, body: bytes, varied: frozenset[str]) -> str:
    """Return the key of equal requests: SHA-256 in hexadecimal digits (docs/matching.md, "Sequences").

    Equal are method, origin, normal path, query with the order of repeated values, canonical body, the operation that a
    header names, negotiating headers (`varied` are those that a Vary of this URL names), range and preconditions.
    `body` holds the bytes of the request's body as they were sent.
    """
    origin = str(request.origin.normal if request.origin else "")
    pairs = normal_forms.parse_ordered_pairs(request.query)
    parts = (
        request.method,
        origin,
        normal_forms.normalize_path(request.path),
        pairs,
        _list_negotiated(request, varied, frozenset()),
    )
    return _digest(parts, compute_body_key(body, request.headers))


def compute_replay_key(request: Request, body: bytes, varied: frozenset[str], settings: MatchSettings) -> str:
    """Return a key that requests share if they are equal under these settings: SHA-256 in hexadecimal digits.

    `body` holds the bytes of the request's body as they were sent. The settings are strict ones: path, query, body and
    host are compared, headers where they are listed (docs/matching.md, "Replaying a session").
    """
    names = expand_headers(settings, [request.headers]).list_compared_headers()
    values = zip(names, read_header_values(request.headers, names), strict=True)
    parts = (
        request.method,
        str(request.origin.normal if request.origin else ""),
        normal_forms.normalize_path(request.path),
        select_pairs(request.query, settings.ignore_query, ordered=settings.ordered_query),
        tuple(value for value in values if value[1] is not None),
        _list_negotiated(request, varied, settings.ignore_headers),
    )
    return _digest(parts, compute_body_key(body, request.headers, collect_ignored_places(settings)))


def _list_negotiated(
    request: Request, varied: frozenset[str], ignored: frozenset[str]
) -> tuple[tuple[str, str | None], ...]:
    """Return the headers, with values, by which a request asks for one answer among several of one URL."""
    dropped = {name.lower() for name in ignored}
    names = tuple({*NEGOTIATING, *varied, *CONDITIONS, *OPERATION_HEADERS} - dropped)
    named = zip(names, read_exact_values(request.headers, names), strict=True)
    action = ("action", find_soap_action(request.headers)) if "soapaction" not in dropped else ("action", "")
    return tuple(
        sorted([*((name, value) for name, value in named if value is not None), *([action] if action[1] else [])])
    )


def _digest(parts: tuple[object, ...], body_key: bytes) -> str:
    return hashlib.sha256(ascii(parts).encode("ascii") + b"\0" + body_key).hexdigest()


def expand_headers(settings: MatchSettings, recorded: list[Headers]) -> MatchSettings:
    """Return the settings with the names of all recorded headers in the place of `*`."""
    if ALL_HEADERS not in settings.headers:
        return settings
    names = {name.decode("latin-1").lower() for headers in recorded for name, _ in headers.fields}
    return replace(settings, headers=(settings.headers | names) - FRAMING_FIELDS - {ALL_HEADERS})
