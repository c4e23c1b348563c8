"""Which recorded requests a replay cannot tell apart: their answers are given in turn."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from understudy.matcher import normal_forms
from understudy.matcher.body_forms.canonical import body_key
from understudy.matcher.parts.bodies import ignored_places
from understudy.matcher.parts.headers import header_values
from understudy.matcher.parts.queries import request_pairs
from understudy.matcher.settings import MatchSettings
from understudy.store.model.messages import Headers, Request

EVERY = "*"
"""In the place of a header's name: all that were recorded."""
FRAMING = frozenset({"host", "content-length", "expect"})
"""Fields that say nothing beside the body and where the request goes to, or are gone when the request is decided on."""


def replay_key(request: Request, body: bytes, settings: MatchSettings) -> str:
    """Requests that are equal under these settings share it; `body` holds the bytes of the request's body as they came.

    The settings are strict ones: path, query, body and host are compared, headers where they are listed.
    """
    names = with_every_header(settings, [request.headers]).compared_headers()
    values = zip(names, header_values(request.headers, names), strict=True)
    told = (
        request.method,
        str(request.origin or ""),
        normal_forms.path_text(request.path),
        request_pairs(request.query, settings.ignore_query),
        tuple(value for value in values if value[1] is not None),
    )
    places = body_key(body, request.headers, ignored_places(settings))
    return hashlib.sha256(ascii(told).encode("ascii") + b"\0" + places).hexdigest()


def with_every_header(settings: MatchSettings, recorded: list[Headers]) -> MatchSettings:
    """The settings with the names of all recorded headers in the place of `*`."""
    if EVERY not in settings.headers:
        return settings
    names = {name.decode("latin-1").lower() for headers in recorded for name, _ in headers.fields}
    return replace(settings, headers=(settings.headers | names) - FRAMING - {EVERY})
