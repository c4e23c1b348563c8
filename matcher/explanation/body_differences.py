"""Two different bodies as texts for people: canonical, with secrets and wildcards marked, or as a digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from itertools import islice

from understudy.matcher.body_forms import canonical
from understudy.matcher.body_forms.kinds import Reading, parse_body_type
from understudy.matcher.body_forms.open_places import Mark, Places, mask_text, places_from_redacted, select_marks
from understudy.matcher.explanation.differing_bodies import BodyComparer, PlainBody
from understudy.matcher.explanation.hidden_bodies import HiddenBody, Secrets, hide_secrets
from understudy.matcher.normal_forms import format_for_display
from understudy.matcher.parts.bodies import NO_BODY, BodyPattern
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.store.model.collections import EditablePart
from understudy.store.model.exchanges import Part
from understudy.store.model.messages import BodyRef, Request

EMPTY = "(empty)"
OTHER_SECRET = "[another secret]"
"""Stands for a secret of the request that is not the one of the example."""
_MAX_COMPARED = 64 * 1024  # characters of a body searched for its first difference
MAX_PLACES = 4  # differing places that are searched for; a fourth is shown as "and more"
_PATH_WIDTH = 60  # characters of a JSON path

# A JSON text, the last one perhaps cut off, or a token in the place of a value. It matches in linear time, because a
# quotation mark that does not end a text begins one.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|NaN|Infinity', re.DOTALL)
_MARKS = {"NaN": Mark.REDACTED, "Infinity": Mark.ANY}


def render_bodies(candidate: Candidate, request: NormalRequest, hidden: Secrets) -> tuple[str, str]:
    """Return the example's body and the request's, without the values at hidden places of both."""
    pattern, reading = _get_pattern(candidate, request), find_common_reading(candidate, request)
    places = places_from_redacted(hidden) | pattern.places
    recorded = candidate.request
    one = _render_body(recorded, hide_secrets(recorded, candidate.example.redacted), reading, places)
    other = _render_body(request.original, hide_secrets(request.original), reading, places)
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


def find_differing_places(candidate: Candidate, request: NormalRequest, hidden: Secrets) -> tuple[tuple[str, ...], str]:
    """Return the first few places at which two bodies differ, without hidden ones, as a setting takes them to ignore.

    There are none for text and bytes, for bodies of two kinds, and for a place that is the whole body. The note names
    the parts of a multipart body that they are in, if any.
    """
    if request.settings.subset:  # more members than the example has are not a difference
        return (), ""
    reading, places = find_common_reading(candidate, request), places_from_redacted(hidden)
    places |= _get_pattern(candidate, request).places
    mine, theirs = hide_secrets(candidate.request, candidate.example.redacted), hide_secrets(request.original)
    if not mine.content or not theirs.content or not have_one_kind(mine, theirs, reading, places):
        return (), ""
    comparer = BodyComparer(
        places, wild=request.settings.wildcards and not candidate.example.is_literal(EditablePart.BODY)
    )
    differing = comparer.find_differing(_mask(mine, places), _mask(theirs, places), reading)
    found = list(islice(differing, MAX_PLACES))
    parts = list(dict.fromkeys(each.part for each in found if each.part))
    return shorten_places(each.place for each in found), f"in {format_parts(parts)}" if parts else ""


def have_one_kind(one: HiddenBody, other: HiddenBody, reading: Reading, places: Places) -> bool:
    """Return whether two bodies are compared as one kind, in which their secrets have places too.

    Otherwise all of one may be taken for the name of a place of the other.
    """
    kinds = [canonical.read_body(each.content, reading, each.content_type, places)[0] for each in (one, other)]
    return kinds[0] is kinds[1] and one.may_be_read_as(kinds[0]) and other.may_be_read_as(kinds[0])


def _mask(body: HiddenBody, places: Places) -> PlainBody:
    texts = frozenset(select_marks(places, Part.TEXT))
    return PlainBody(mask_text(body.content, texts) if texts else body.content, body.content_type)


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


def _render_body(request: Request, hidden: HiddenBody, reading: Reading, places: Places) -> str:
    body = request.body
    if isinstance(body, BodyRef):
        return f"{body.size} bytes, SHA-256 {body.digest[:12]}"
    if not body:
        return EMPTY
    if not hidden.content:
        return _describe_digest(body)
    kind, form = canonical.read_body(hidden.content, reading, hidden.content_type, places)
    name, _, text = form.partition(b":")
    if name in (b"bytes", b"text") and any(place.mark is Mark.REDACTED for place in places):
        return _describe_digest(body)  # the body could not be parsed, so its secrets cannot be located
    if name != b"grpc" and not hidden.may_be_read_as(kind):
        return _describe_digest(body)  # its secrets were found in another reading
    try:
        shown = text.decode()[:_MAX_COMPARED] if len(text) <= 4 * _MAX_COMPARED else _decode_start(text)
    except UnicodeDecodeError:
        return _describe_digest(body)
    return _TOKEN.sub(_replace_token, shown) if name in (b"json", b"graphql") else shown


def _describe_digest(body: bytes) -> str:
    return f"{len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()[:12]}"


def _decode_start(text: bytes) -> str:
    return text[: 4 * _MAX_COMPARED].decode("utf-8", "ignore")[:_MAX_COMPARED]


def _replace_token(found: re.Match[str]) -> str:
    return _MARKS.get(found[0], found[0])
