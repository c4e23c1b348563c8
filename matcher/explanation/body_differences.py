"""Two different bodies as texts for people: canonical, with secrets and wildcards marked, or as a digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from understudy.matcher.body_forms import canonical
from understudy.matcher.body_forms.json_forms import parse_json_exact
from understudy.matcher.body_forms.open_places import NOWHERE, Mark, Places, places_from_redacted, select_marks
from understudy.matcher.explanation.differing_places import list_differing_fields
from understudy.matcher.normal_forms import format_for_display
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.json_paths import format_step
from understudy.store.model.messages import BodyRef, Request

EMPTY = "(empty)"
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
    places = places_from_redacted(hidden) | (candidate.body.places if candidate.body else NOWHERE)
    recorded = candidate.request
    mine = canonical.undo_codings(recorded.body, recorded.headers) if isinstance(recorded.body, bytes) else b""
    return _render_body(recorded, mine, places), _render_body(request.original, request.body, places)


def explain_comparison(candidate: Candidate, request: NormalRequest) -> str:
    """Return which of the two bodies is compared as bytes against its media type, and why; "" if neither is."""
    places = candidate.body.places if candidate.body else NOWHERE
    recorded = candidate.request
    mine = (
        canonical.describe_comparison(recorded.body, recorded.headers, places)[1]
        if isinstance(recorded.body, bytes)
        else ""
    )
    notes = (("the example's body", mine), ("the request's body", request.explain_body(places)))
    return "; ".join(f"{body} is compared as bytes: {note}" for body, note in notes if note)


def find_differing_places(
    candidate: Candidate, request: NormalRequest, hidden: frozenset[RedactedPlace]
) -> tuple[str, ...]:
    """Return the first few places at which two bodies differ, without hidden ones, as a setting takes them to ignore.

    There are none for text and bytes, and for a place that is the whole body.
    """
    recorded = candidate.request
    if not isinstance(recorded.body, bytes) or max(len(recorded.body), len(request.body)) > MAX_SHOWN_SIZE:
        return ()
    if request.settings.subset:  # more members than the example has are not a difference
        return ()
    marks = select_marks(
        places_from_redacted(hidden) | (candidate.body.places if candidate.body else NOWHERE), Part.JSON
    )
    mine = canonical.undo_codings(recorded.body, recorded.headers)
    try:
        differing = find_differing_paths(parse_json_exact(mine, marks), parse_json_exact(request.body, marks))
    except (ValueError, RecursionError):
        return shorten_places(list_differing_fields(candidate, request, hidden))
    return shorten_places(path for path in differing if path != "$")


def shorten_places(places: Iterable[str]) -> tuple[str, ...]:
    """Return the first few places as texts for people."""
    return tuple(format_for_display(place, _PATH_WIDTH) for place in islice(places, MAX_PLACES))


def _render_body(request: Request, plain: bytes, places: Places) -> str:
    body = request.body
    if isinstance(body, BodyRef):
        return f"{body.size} bytes, SHA-256 {body.digest[:12]}"
    if not body:
        return EMPTY
    content_type = request.headers.get("content-type")
    if len(plain) > MAX_SHOWN_SIZE:
        return _describe_digest(body)
    kind, _, text = canonical.canonicalize(plain, content_type, places).partition(b":")
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


def find_differing_paths(one: object, other: object, path: str = "$") -> Iterator[str]:
    """Yield the shortest JSON paths at which two documents differ; lists are compared item by item."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one | other:
            if name in one and name in other:
                yield from find_differing_paths(one[name], other[name], path + format_step(name))
            else:
                yield path + format_step(name)
    elif isinstance(one, list) and isinstance(other, list):
        for index, (mine, theirs) in enumerate(zip(one, other, strict=False)):
            yield from find_differing_paths(mine, theirs, f"{path}[{index}]")
        for index in range(*sorted((len(one), len(other)))):
            yield f"{path}[{index}]"
    elif one != other:
        yield path
