"""How far a candidate is from a request: these numbers rank near misses, never winners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from understudy.matcher import normal_forms
from understudy.matcher.body_forms import canonical
from understudy.matcher.explanation.differences import told
from understudy.matcher.lookup.edit_distance import common_start
from understudy.matcher.normal_forms import Wildcard
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import Asked
from understudy.matcher.parts.paths import segment_fits, segments
from understudy.matcher.scores import ANOTHER_ID, FAR, SAME_KIND, SLIGHTLY, RequestPart


def distance(candidate: Candidate, asked: Asked) -> float:
    """How far the candidate is: 0 for a match, else the weighted share of every part that differs."""
    return sum(FAR[part] * _share(part, candidate, asked) for part in told(candidate, asked))


def rough_distance(candidate: Candidate, asked: Asked) -> float:
    """The same by method, host and whole segments only: ten times as fast, for choosing whom to compare closely."""
    mine = candidate.path.wild or segments(normal_forms.fold(candidate.path.text))
    theirs = asked.folded_segments
    alike = sum(map(segment_fits, mine, theirs)) / max(len(mine), len(theirs))
    method = candidate.method not in asked.methods
    host = asked.settings.host and candidate.origin != asked.request.origin
    return FAR[RequestPart.PATH] * (1 - alike) + FAR[RequestPart.METHOD] * method + FAR[RequestPart.HOST] * host


def _share(part: RequestPart, candidate: Candidate, asked: Asked) -> float:
    share = _SHARES.get(part)
    return share(candidate, asked) if share else 1.0


def _path_share(candidate: Candidate, asked: Asked) -> float:
    mine = candidate.path.wild or segments(normal_forms.fold(candidate.path.text))
    theirs = asked.folded_segments
    alike = sum(_alike(one, other) for one, other in zip(mine[1:], theirs[1:], strict=False))
    longer = max(len(mine), len(theirs)) - 1
    return max(SLIGHTLY, 1 - alike / longer) if longer else SLIGHTLY


def _alike(mine: str | Wildcard, theirs: str) -> float:
    if segment_fits(mine, theirs):
        return 1.0
    if isinstance(mine, Wildcard):
        return 0.0
    if normal_forms.is_id(mine) and normal_forms.is_id(theirs):
        return ANOTHER_ID
    return common_start(mine, theirs) / max(len(mine), len(theirs))


def _query_share(candidate: Candidate, asked: Asked) -> float:
    mine = Counter(name for name, _ in candidate.query.pairs) + Counter(candidate.query.wild)
    names = Counter(name for name, _ in asked.pairs)
    every = max(mine.total(), names.total())
    alike = (Counter(candidate.query.pairs) & Counter(asked.pairs)).total() + (mine & names).total()
    return 1 - alike / (2 * every)


def _header_share(candidate: Candidate, asked: Asked) -> float:
    return len(candidate.headers.differing(asked.header_values)) / len(asked.names)


def _body_share(candidate: Candidate, asked: Asked) -> float:
    mine, theirs = candidate.request, asked.request
    both = mine.body and theirs.body and canonical.request_media_type(mine) == canonical.request_media_type(theirs)
    return SAME_KIND if both else 1.0


def _id_share(candidate: Candidate, asked: Asked) -> float:
    return 1 - max(_alike(example.id, asked.chosen.id or "") for example in candidate.examples)


def _name_share(candidate: Candidate, asked: Asked) -> float:
    wanted = normal_forms.fold(asked.chosen.name or "")
    return max(SLIGHTLY, 1 - max(_alike(normal_forms.fold(example.name), wanted) for example in candidate.examples))


_SHARES: Mapping[RequestPart, Callable[[Candidate, Asked], float]] = {
    RequestPart.PATH: _path_share,
    RequestPart.QUERY: _query_share,
    RequestPart.HEADERS: _header_share,
    RequestPart.BODY: _body_share,
    RequestPart.ID: _id_share,
    RequestPart.NAME: _name_share,
}
