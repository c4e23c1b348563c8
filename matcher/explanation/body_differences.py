"""Two different bodies as texts for people: canonical, with secrets and wildcards marked, or as a digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from itertools import islice

from understudy.matcher.body_forms import canonical
from understudy.matcher.body_forms.codings import undo_codings
from understudy.matcher.body_forms.kinds import Reading, parse_body_type
from understudy.matcher.body_forms.open_places import Mark, Places, places_from_redacted
from understudy.matcher.explanation.differing_bodies import BodyComparer, PlainBody
from understudy.matcher.normal_forms import format_for_display
from understudy.matcher.parts.bodies import NO_BODY, BodyPattern
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.store.model.collections import EditablePart
from understudy.store.model.exchanges import RedactedPlace
from understudy.store.model.messages import BodyRef, Request

EMPTY = "(empty)"
OTHER_SECRET = "[another secret]"
"""Stands for a secret of the request that is not the one of the example."""
_MAX_COMPARED = 64 * 1024  # characters of a body searched for its first difference
MAX_PLACES = 4  # differing places that are searched for; a fourth is shown as "and more"
_PATH_WIDTH = 60  # characters of a JSON path
MAX_SHOWN_SIZE = 2**20  # bytes of a body up to which it is shown; a person does not read a longer one

# A JSON text, the last one perhaps cut off, or a token in the place of a value. It matches in linear time, because a
# quotation mark that does not end a text begins one.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|NaN|Infinity', re.DOTALL)
_MARKS = {"NaN": Mark.REDACTED, "Infinity": Mark.ANY}


def render_bodies(candidate: Candidate, request: NormalRequest, hidden: frozenset[RedactedPlace]) -> tuple[str, str]:
    """Return the example's body and the request's, without the values at hidden places of both."""
    pattern, reading = _get_pattern(candidate, request), find_common_reading(candidate, request)
    places = places_from_redacted(hidden) | pattern.places
    recorded = candidate.request
    mine = undo_codings(recorded.body, recorded.headers) if isinstance(recorded.body, bytes) else b""
    one = _render_body(recorded, mine, reading, places)
    other = _render_body(request.original, request.body, reading, places)
    return (one, f"equal but for {OTHER_SECRET}") if one == other and str(Mark.REDACTED) in one else (one, other)


def explain_comparison(candidate: Candidate, request: NormalRequest) -> str:
    """Return which of the two bodies is compared as bytes against its media type, and why; "" if neither is.

    Bodies of different media types are not compared at all.
    """
    recorded = candidate.request
    if not canonical.have_same_type(recorded, request.original):
        return ""
    places, reading = _get_pattern(candidate, request).places, find_common_reading(candidate, request)
    mine = (
        canonical.describe_comparison(recorded.body, recorded.headers, places, reading)[1]
        if isinstance(recorded.body, bytes)
        else ""
    )
    notes = (("the example's body", mine), ("the request's body", request.explain_body(reading, places)))
    return "; ".join(f"{body} is compared as bytes: {note}" for body, note in notes if note)


def find_common_reading(candidate: Candidate, request: NormalRequest) -> Reading:
    """Return how both bodies are read: a body without Content-Type takes the other one's type."""
    types = (
        parse_body_type(each.headers.get("content-type")) for each in (candidate.request, request.original) if each.body
    )
    return next((each.reading for each in types if each.media), Reading.UNTYPED)


def find_differing_places(
    candidate: Candidate, request: NormalRequest, hidden: frozenset[RedactedPlace]
) -> tuple[tuple[str, ...], str]:
    """Return the first few places at which two bodies differ, without hidden ones, as a setting takes them to ignore.

    There are none for text and bytes, and for a place that is the whole body. The note names the parts of a multipart
    body that they are in, if any.
    """
    recorded = candidate.request
    if not isinstance(recorded.body, bytes) or max(len(recorded.body), len(request.body)) > MAX_SHOWN_SIZE:
        return (), ""
    if request.settings.subset:  # more members than the example has are not a difference
        return (), ""
    mine = PlainBody(undo_codings(recorded.body, recorded.headers), recorded.headers.get("content-type"))
    theirs = PlainBody(request.body, request.content_type)
    places = places_from_redacted(hidden) | _get_pattern(candidate, request).places
    comparer = BodyComparer(
        places, wild=request.settings.wildcards and not candidate.example.is_literal(EditablePart.BODY)
    )
    found = list(islice(comparer.find_differing(mine, theirs, find_common_reading(candidate, request)), MAX_PLACES))
    parts = list(dict.fromkeys(each.part for each in found if each.part))
    return shorten_places(each.place for each in found), f"in {format_parts(parts)}" if parts else ""


def format_parts(parts: Sequence[str]) -> str:
    """Return the names of parts of a multipart body, in words."""
    names = [f'"{format_for_display(part, _PATH_WIDTH)}"' for part in parts]
    return f"the part {names[0]}" if len(names) == 1 else f"the parts {', '.join(names[:-1])} and {names[-1]}"


def _get_pattern(candidate: Candidate, request: NormalRequest) -> BodyPattern:
    body = candidate.body or NO_BODY
    return body.select_pattern(request.body_type) or body


def shorten_places(places: Iterable[str]) -> tuple[str, ...]:
    """Return the first few places as texts for people."""
    return tuple(format_for_display(place, _PATH_WIDTH) for place in islice(places, MAX_PLACES))


def _render_body(request: Request, plain: bytes, reading: Reading, places: Places) -> str:
    body = request.body
    if isinstance(body, BodyRef):
        return f"{body.size} bytes, SHA-256 {body.digest[:12]}"
    if not body or not plain:
        return EMPTY
    content_type = request.headers.get("content-type")
    if len(plain) > MAX_SHOWN_SIZE:
        return _describe_digest(body)
    kind, _, text = canonical.read_body(plain, reading, content_type, places)[1].partition(b":")
    if kind in (b"bytes", b"text") and any(place.mark is Mark.REDACTED for place in places):
        return _describe_digest(body)  # the body could not be parsed, so its secrets cannot be located
    try:
        shown = text.decode()[:_MAX_COMPARED] if len(text) <= 4 * _MAX_COMPARED else _decode_start(text)
    except UnicodeDecodeError:
        return _describe_digest(body)
    return _TOKEN.sub(_replace_token, shown) if kind in (b"json", b"graphql") else shown


def _describe_digest(body: bytes) -> str:
    return f"{len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()[:12]}"


def _decode_start(text: bytes) -> str:
    return text[: 4 * _MAX_COMPARED].decode("utf-8", "ignore")[:_MAX_COMPARED]


def _replace_token(found: re.Match[str]) -> str:
    return _MARKS.get(found[0], found[0])
