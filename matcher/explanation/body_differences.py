"""Two bodies that differ, as texts for people: canonical, secrets and wildcards marked, bytes by their digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import islice

from understudy.matcher.body_forms import canonical
from understudy.matcher.body_forms.json_forms import exact_value
from understudy.matcher.body_forms.open_places import NOWHERE, Mark, Places, names, opened
from understudy.matcher.normal_forms import shown
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import Asked
from understudy.store.model.exchanges import Part, Redacted
from understudy.store.model.json_paths import write_step
from understudy.store.model.messages import BodyRef, Request

EMPTY = "(empty)"
_COMPARED = 64 * 1024  # characters of a body searched for its first difference
MOST_PLACES = 4
_PATH_WIDTH = 60  # characters
LONGEST = 2**20  # bytes of a body that is written out: longer ones are not for reading

# A text of JSON, the last perhaps cut off, or a token in the place of a value. Linear: what begins a text ends one.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|NaN|Infinity', re.DOTALL)
_MARKS = {"NaN": Mark.REDACTED, "Infinity": Mark.ANY}


def body_texts(candidate: Candidate, asked: Asked, hidden: frozenset[Redacted]) -> tuple[str, str]:
    """The example's body and the request's, with the values at hidden places left out of both."""
    places = opened(hidden) | (candidate.body.places if candidate.body else NOWHERE)
    recorded = candidate.request
    mine = canonical.plain(recorded.body, recorded.headers) if isinstance(recorded.body, bytes) else b""
    return _text(recorded, mine, places), _text(asked.request, asked.body, places)


def body_notes(candidate: Candidate, asked: Asked) -> str:
    """Which of the bodies is not compared as what it is said to be, and why; "" if both are."""
    places = candidate.body.places if candidate.body else NOWHERE
    recorded = candidate.request
    mine = canonical.compared_as(recorded.body, recorded.headers, places)[1] if isinstance(recorded.body, bytes) else ""
    notes = (("the example's body", mine), ("the request's body", asked.body_note(places)))
    return "; ".join(f"{whose} is compared as bytes: {note}" for whose, note in notes if note)


def body_places(candidate: Candidate, asked: Asked, hidden: frozenset[Redacted]) -> tuple[str, ...]:
    """The first few places at which the two bodies differ, if both are JSON; hidden ones do not count."""
    recorded = candidate.request
    if not isinstance(recorded.body, bytes) or max(len(recorded.body), len(asked.body)) > LONGEST:
        return ()
    if asked.settings.subset:  # what the request has beyond the example is no difference
        return ()
    marks = names(opened(hidden) | (candidate.body.places if candidate.body else NOWHERE), Part.JSON)
    mine = canonical.plain(recorded.body, recorded.headers)
    try:
        differing = differing_paths(exact_value(mine, marks), exact_value(asked.body, marks))
    except (ValueError, RecursionError):
        return ()
    return tuple(shown(path, _PATH_WIDTH) for path in islice(differing, MOST_PLACES) if path != "$")


def _text(request: Request, plain: bytes, places: Places) -> str:
    body = request.body
    if isinstance(body, BodyRef):
        return f"{body.size} bytes, SHA-256 {body.digest[:12]}"
    if not body:
        return EMPTY
    content_type = request.headers.get("content-type")
    if len(plain) > LONGEST:
        return _digest(body)
    kind, _, text = canonical.canonical(plain, content_type, places).partition(b":")
    if kind in (b"bytes", b"text") and any(place.mark is Mark.REDACTED for place in places):
        return _digest(body)  # secrets are somewhere in what could not be read
    try:
        shown = text.decode()[:_COMPARED] if len(text) <= 4 * _COMPARED else _start(text)
    except UnicodeDecodeError:
        return _digest(body)
    return _TOKEN.sub(_marked, shown) if kind in (b"json", b"graphql") else shown


def _digest(body: bytes) -> str:
    return f"{len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()[:12]}"


def _start(text: bytes) -> str:
    return text[: 4 * _COMPARED].decode("utf-8", "ignore")[:_COMPARED]


def _marked(found: re.Match[str]) -> str:
    return _MARKS.get(found[0], found[0])


def differing_paths(one: object, other: object, path: str = "$") -> Iterator[str]:
    """The paths at which two documents differ, as short as they can be: where only one of them has something, or
    something else. A list is compared item by item.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one | other:
            if name in one and name in other:
                yield from differing_paths(one[name], other[name], path + write_step(name))
            else:
                yield path + write_step(name)
    elif isinstance(one, list) and isinstance(other, list):
        for index, (mine, theirs) in enumerate(zip(one, other, strict=False)):
            yield from differing_paths(mine, theirs, f"{path}[{index}]")
        for index in range(*sorted((len(one), len(other)))):
            yield f"{path}[{index}]"
    elif one != other:
        yield path
