"""What puts a candidate out, part by part, and how far it is: worked out only when someone asks why."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from matcher import bodies, normal
from matcher.asked import Asked
from matcher.bodies import Places
from matcher.candidate import Candidate, query_names
from matcher.decision import Difference
from matcher.normal import Wildcard, shown
from matcher.paths import first_line, segment_fits, segments
from matcher.scores import ANOTHER_ID, FAR, SAME_KIND, SLIGHTLY, RequestPart
from store.messages import BodyRef, Request

WIDTH = 120  # characters of what was expected and of what came: a line or two of a terminal
_LEAD = 20  # characters of agreement shown before the first difference
_COMPARED = 64 * 1024  # characters of a body searched for its first difference

NOTHING = "(none)"
EMPTY = "(empty)"


def differences(candidate: Candidate, asked: Asked, secret: Places = bodies.NOWHERE) -> tuple[Difference, ...]:
    """Every part by which the candidate is out; empty exactly when it matches.

    Values at places redacted in its request, or in `secret`, are not shown, neither its own nor what came.
    """
    hidden = secret | candidate.example.redacted
    return tuple(_difference(part, candidate, asked, hidden) for part in filtered_by(candidate, asked))


def distance(candidate: Candidate, asked: Asked) -> float:
    """How far the candidate is: 0 for a match, else the weighted share of every part that differs."""
    return sum(FAR[part] * _share(part, candidate, asked) for part in filtered_by(candidate, asked))


def rough_distance(candidate: Candidate, asked: Asked) -> float:
    """The same by method, host and whole segments only: ten times as fast, for choosing whom to compare closely."""
    mine = candidate.path.wild or segments(normal.fold(candidate.path.text))
    theirs = asked.folded_segments
    alike = sum(map(segment_fits, mine, theirs)) / max(len(mine), len(theirs))
    method = candidate.method not in asked.methods
    host = asked.settings.host and candidate.origin != asked.request.origin
    return FAR[RequestPart.PATH] * (1 - alike) + FAR[RequestPart.METHOD] * method + FAR[RequestPart.HOST] * host


def filtered_by(candidate: Candidate, asked: Asked) -> Iterator[RequestPart]:
    """The parts that put the candidate out."""
    settings = asked.settings
    if candidate.method not in asked.methods:
        yield RequestPart.METHOD
    if settings.host and candidate.origin != asked.request.origin:
        yield RequestPart.HOST
    if first_line(candidate.path, asked.text, settings) is None:
        yield RequestPart.PATH
    if candidate.query.fit(asked.pairs, settings.query) is None:
        yield RequestPart.QUERY
    if settings.body and candidate.body_key != asked.body_key(candidate.body_places):
        yield RequestPart.BODY


def _share(part: RequestPart, candidate: Candidate, asked: Asked) -> float:
    if part is RequestPart.PATH:
        return _path_share(candidate, asked)
    if part is RequestPart.QUERY:
        return _query_share(candidate, asked)
    return _body_share(candidate, asked) if part is RequestPart.BODY else 1.0


def _path_share(candidate: Candidate, asked: Asked) -> float:
    mine = candidate.path.wild or segments(normal.fold(candidate.path.text))
    theirs = asked.folded_segments
    alike = sum(_alike(one, other) for one, other in zip(mine[1:], theirs[1:], strict=False))
    longer = max(len(mine), len(theirs)) - 1
    return max(SLIGHTLY, 1 - alike / longer) if longer else SLIGHTLY


def _alike(mine: str | Wildcard, theirs: str) -> float:
    if segment_fits(mine, theirs):
        return 1.0
    if isinstance(mine, Wildcard):
        return 0.0
    if normal.is_id(mine) and normal.is_id(theirs):
        return ANOTHER_ID
    return _common_start(mine, theirs) / max(len(mine), len(theirs))


def _common_start(one: str, other: str) -> int:
    """How many characters two texts begin with together, found by halving: linear, without a loop over characters."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _query_share(candidate: Candidate, asked: Asked) -> float:
    mine = Counter(name for name, _ in candidate.query.pairs) + Counter(candidate.query.wild)
    names = Counter(name for name, _ in asked.pairs)
    every = max(mine.total(), names.total())
    alike = (Counter(candidate.query.pairs) & Counter(asked.pairs)).total() + (mine & names).total()
    return 1 - alike / (2 * every)


def _body_share(candidate: Candidate, asked: Asked) -> float:
    mine, theirs = candidate.example.request, asked.request
    both = mine.body and theirs.body and _media_type(mine) == _media_type(theirs)
    return SAME_KIND if both else 1.0


def _difference(part: RequestPart, candidate: Candidate, asked: Asked, hidden: Places) -> Difference:
    expected, actual = _SHOWN[part](candidate, asked, hidden)
    return Difference(part, shown(expected, WIDTH), shown(actual, WIDTH))


def _methods(candidate: Candidate, asked: Asked, _hidden: Places) -> tuple[str, str]:
    return candidate.method, asked.request.method


def _hosts(candidate: Candidate, asked: Asked, _hidden: Places) -> tuple[str, str]:
    return str(candidate.origin or NOTHING), str(asked.request.origin or NOTHING)


def _paths(candidate: Candidate, asked: Asked, _hidden: Places) -> tuple[str, str]:
    return normal.text_of(candidate.example.request.path), normal.text_of(asked.request.path)


def _queries(candidate: Candidate, asked: Asked, hidden: Places) -> tuple[str, str]:
    missing, extra = candidate.query.lacks(asked.pairs, query_names(hidden))
    return "&".join(missing) or NOTHING, "&".join(extra) or NOTHING


def _bodies(candidate: Candidate, asked: Asked, hidden: Places) -> tuple[str, str]:
    mine, theirs = candidate.example.request, asked.request
    if mine.body and theirs.body and _media_type(mine) != _media_type(theirs):
        return _media_type(mine), _media_type(theirs)
    one, other = _body_text(mine, hidden), _body_text(theirs, hidden)
    start = max(0, _common_start(one, other) - _LEAD)
    lead = "…" if start else ""
    return lead + one[start:], lead + other[start:]


def _media_type(request: Request) -> str:
    return bodies.media_type(request.headers.get("content-type")) or NOTHING


def _body_text(request: Request, hidden: Places) -> str:
    body = request.body
    if isinstance(body, BodyRef):
        return f"{body.size} bytes, SHA-256 {body.digest[:12]}"
    if not body:
        return EMPTY
    plain = bodies.without_encoding(body, ",".join(request.headers.get_all("content-encoding")))
    canonical = bodies.canonical(plain, request.headers.get("content-type"), hidden)
    try:
        return canonical.partition(b":")[2].decode()[:_COMPARED]
    except UnicodeDecodeError:
        return f"{len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()[:12]}"


_SHOWN: Mapping[RequestPart, Callable[[Candidate, Asked, Places], tuple[str, str]]] = {
    RequestPart.METHOD: _methods,
    RequestPart.HOST: _hosts,
    RequestPart.PATH: _paths,
    RequestPart.QUERY: _queries,
    RequestPart.BODY: _bodies,
}
