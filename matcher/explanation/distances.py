"""The distance of a candidate from a request: it ranks near misses, never winners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from understudy.matcher import normal_forms
from understudy.matcher.body_forms.canonical import have_same_type
from understudy.matcher.body_forms.json_forms import parse_json_exact
from understudy.matcher.explanation.differences import list_differing_parts
from understudy.matcher.lookup.edit_distance import measure_common_prefix
from understudy.matcher.normal_forms import Wildcard
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.parts.paths import fits_segment, split_segments
from understudy.matcher.scores import (
    ID_SIMILARITY,
    MAX_COMPARED_BODY,
    MIN_SHARE,
    OVERLAP_SHARE,
    PART_WEIGHTS,
    SAME_TYPE_SHARE,
    RequestPart,
)
from understudy.store.model.messages import Body


def compute_distance(candidate: Candidate, request: NormalRequest) -> float:
    """Return the distance of a candidate: 0 for a match, else the sum of weight times differing share of each part."""
    return sum(
        PART_WEIGHTS[part] * _compute_share(part, candidate, request)
        for part in list_differing_parts(candidate, request)
    )


def estimate_distance(candidate: Candidate, request: NormalRequest) -> float:
    """Return the distance by method, host and whole segments only: ten times as fast, to preselect candidates."""
    mine = candidate.path.wild or split_segments(normal_forms.fold(candidate.path.text))
    theirs = request.folded_segments
    alike = sum(map(fits_segment, mine, theirs)) / max(len(mine), len(theirs))
    method = candidate.method not in request.methods
    host = request.settings.host and candidate.origin != request.origin
    return (
        PART_WEIGHTS[RequestPart.PATH] * (1 - alike)
        + PART_WEIGHTS[RequestPart.METHOD] * method
        + PART_WEIGHTS[RequestPart.HOST] * host
    )


def _compute_share(part: RequestPart, candidate: Candidate, request: NormalRequest) -> float:
    share = _SHARES.get(part)
    return share(candidate, request) if share else 1.0


def _compute_path_share(candidate: Candidate, request: NormalRequest) -> float:
    mine = candidate.path.wild or split_segments(normal_forms.fold(candidate.path.text))
    theirs = request.folded_segments
    alike = sum(_measure_similarity(one, other) for one, other in zip(mine[1:], theirs[1:], strict=False))
    longer = max(len(mine), len(theirs)) - 1
    return max(MIN_SHARE, 1 - alike / longer) if longer else MIN_SHARE


def _measure_similarity(mine: str | Wildcard, theirs: str) -> float:
    if fits_segment(mine, theirs):
        return 1.0
    if isinstance(mine, Wildcard):
        return 0.0
    if normal_forms.is_id(mine) and normal_forms.is_id(theirs):
        return ID_SIMILARITY
    return measure_common_prefix(mine, theirs) / max(len(mine), len(theirs))


def _compute_query_share(candidate: Candidate, request: NormalRequest) -> float:
    mine = Counter(name for name, _ in candidate.query.pairs) + Counter(candidate.query.wild)
    names = Counter(name for name, _ in request.pairs)
    every = max(mine.total(), names.total())
    alike = (Counter(candidate.query.pairs) & Counter(request.pairs)).total() + (mine & names).total()
    return 1 - alike / (2 * every)


def _compute_header_share(candidate: Candidate, request: NormalRequest) -> float:
    if not request.header_names:
        return 1.0  # it is a negotiating header, which only spy mode compares
    return len(candidate.headers.find_differing(request.header_values)) / len(request.header_names)


def _compute_body_share(candidate: Candidate, request: NormalRequest) -> float:
    mine, theirs = candidate.request, request.original
    if not mine.body or not theirs.body or not have_same_type(mine, theirs):
        return 1.0
    return max(MIN_SHARE, SAME_TYPE_SHARE * (1 - _measure_common_leaves(mine.body, request)))


def _measure_common_leaves(body: Body, request: NormalRequest) -> float:
    """Return the share of the values that two JSON documents have at the same places; 0 for other and long bodies."""
    if not isinstance(body, bytes) or max(len(body), len(request.body)) > MAX_COMPARED_BODY:
        return 0.0
    try:
        mine, theirs = (Counter(_list_leaves(parse_json_exact(each))) for each in (body, request.body))
    except (ValueError, RecursionError):
        return 0.0
    return (mine & theirs).total() / max(mine.total(), theirs.total())


def _list_leaves(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _list_leaves(member, (*path, name))
    elif isinstance(value, list):
        for item in value:
            yield from _list_leaves(item, (*path, 0))
    else:
        yield *path, repr(value)


def _compute_range_share(candidate: Candidate, request: NormalRequest) -> float:
    known, asked = candidate.eligibility.known, request.requested_range
    if known is None or asked is None:
        return 1.0
    first, last = (asked.first or 0), known.last if asked.last is None else asked.last
    return OVERLAP_SHARE if first <= known.last and last >= known.first else 1.0


def _compute_id_share(candidate: Candidate, request: NormalRequest) -> float:
    return 1 - max(_measure_similarity(example.id, request.selectors.id or "") for example in candidate.examples)


def _compute_name_share(candidate: Candidate, request: NormalRequest) -> float:
    name = normal_forms.fold(request.selectors.name or "")
    return max(
        MIN_SHARE,
        1 - max(_measure_similarity(normal_forms.fold(example.name), name) for example in candidate.examples),
    )


_SHARES: Mapping[RequestPart, Callable[[Candidate, NormalRequest], float]] = {
    RequestPart.PATH: _compute_path_share,
    RequestPart.QUERY: _compute_query_share,
    RequestPart.HEADERS: _compute_header_share,
    RequestPart.BODY: _compute_body_share,
    RequestPart.RANGE: _compute_range_share,
    RequestPart.ID: _compute_id_share,
    RequestPart.NAME: _compute_name_share,
}
