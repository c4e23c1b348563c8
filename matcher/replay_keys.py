"""Keys of recorded requests that a replay does not distinguish: the answers to one key are given in turn."""

from __future__ import annotations

import hashlib

from understudy.matcher import normal_forms
from understudy.matcher.body_forms.canonical import compute_body_key
from understudy.matcher.parts.bodies import collect_ignored_places
from understudy.matcher.parts.headers import read_header_values
from understudy.matcher.parts.queries import select_pairs
from understudy.matcher.settings import MatchSettings
from understudy.store.model.messages import Headers, Request
from understudy.store.model.values import replace

ALL_HEADERS = "*"
"""Stands in a list of header names for all recorded ones."""
FRAMING_FIELDS = frozenset({"host", "content-length", "expect"})
"""Fields that repeat the body's length or the host, or are removed before a request is decided."""


def compute_replay_key(request: Request, body: bytes, settings: MatchSettings) -> str:
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
    )
    places = compute_body_key(body, request.headers, collect_ignored_places(settings))
    return hashlib.sha256(ascii(parts).encode("ascii") + b"\0" + places).hexdigest()


def expand_headers(settings: MatchSettings, recorded: list[Headers]) -> MatchSettings:
    """Return the settings with the names of all recorded headers in the place of `*`."""
    if ALL_HEADERS not in settings.headers:
        return settings
    names = {name.decode("latin-1").lower() for headers in recorded for name, _ in headers.fields}
    return replace(settings, headers=(settings.headers | names) - FRAMING_FIELDS - {ALL_HEADERS})
