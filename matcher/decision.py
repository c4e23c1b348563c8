"""A decision as a value that explains itself: the winner, its score line by line, runners-up and near misses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import msgspec

from understudy.matcher import mock_headers
from understudy.matcher.explanation.differing_places import list_differing_names
from understudy.matcher.mock_headers import SelectorProblem, Selectors
from understudy.matcher.normal_forms import format_for_display, normalize_path
from understudy.matcher.parts.bodies import EXTENSIBLE, NO_BODY
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import PathLine, QueryFit, RequestPart
from understudy.store.model.messages import Request

MAX_QUERY_NAMES = 3  # query parameters named in one line
_NAME_WIDTH = 40  # characters of a name


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """The points that one part of the request gave, and the reason."""

    part: RequestPart
    points: int
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A part by which an example was filtered out, or is not quite equal, with the shortened values of both sides.

    `expected` is the example's value, `actual` the request's. `note` explains an unexpected way of comparing; `places`
    are the first few query parameters, headers, form fields, JSON paths or XML elements that differ.
    """

    part: RequestPart
    expected: str
    actual: str
    note: str = ""
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A candidate that does not answer a request, and every part that filtered it out: at least one."""

    candidate: Candidate
    differences: tuple[Difference, ...]


class Explainer(Protocol):
    """The index that made a decision, as the decision uses it to explain itself.

    `item_names` are the names of request items, by their ids, that the names of their examples do not repeat.
    """

    @property
    def item_names(self) -> Mapping[str, str]: ...

    def __len__(self) -> int: ...

    def find_near_misses(self, request: NormalRequest) -> tuple[NearMiss, ...]:
        """Return the nearest candidates that were filtered out."""

    def find_runners_up(self, request: NormalRequest, winner: Match) -> tuple[Match, ...]:
        """Return the best candidates after the winner."""

    def find_known_ranges(self, request: NormalRequest) -> tuple[str, ...]:
        """Return the ranges of bytes that examples hold of what the request asks for."""

    def find_bare_item(self, request: NormalRequest) -> str | None:
        """Return the name of the request item without an example that the request fits, or None."""

    def find_match_by_ids(self, request: NormalRequest) -> Match | None:
        """Return the match that there would be if ids found every example, or None."""


class Decision(msgspec.Struct, frozen=True, eq=False, dict=True):
    """The candidate that answers a request, or a miss: then a named part filtered out every example.

    `match` is None on a miss. `problem` describes a selector header that cannot be read: then nothing was decided.
    What explains a decision is worked out when it is first needed; of a miss it is kept, for its answer, hint and log.
    """

    normal_request: NormalRequest
    match: Match | None
    explainer: Explainer
    problem: SelectorProblem | None = None

    def __eq__(self, other: object) -> bool:
        """Compare what was decided, not the request and the index that it was decided on."""
        return isinstance(other, Decision) and self._values == other._values

    def __hash__(self) -> int:
        return hash(self._values)

    @property
    def _values(self) -> tuple[Match | None, SelectorProblem | None]:
        return self.match, self.problem

    @property
    def request(self) -> Request:
        """The request that was decided."""
        return self.normal_request.original

    @property
    def selectors(self) -> Selectors:
        """The request's own selector headers."""
        return self.normal_request.selectors

    @property
    def candidate(self) -> Candidate | None:
        """The winner, or None on a miss."""
        return self.match.candidate if self.match else None

    @property
    def is_head_by_get(self) -> bool:
        """Whether an example of GET answers a request of HEAD."""
        return self.match is not None and self.match.candidate.method != self.request.method

    @property
    def score(self) -> int | None:
        """The winner's points, or None on a miss."""
        return self.match.score if self.match else None

    @property
    def path_line(self) -> PathLine | None:
        """The line of the path table that decided; None on a miss, and where a selector header named the example."""
        return self.match.path_line if self.match else None

    @property
    def lines(self) -> tuple[ScoreLine, ...]:
        """The winner's score line by line; the points of the lines add up to `score`."""
        if not self.match:
            return ()
        return explain_score(self.match, self.normal_request)

    @property
    def captures(self) -> dict[str, str]:
        """The percent-decoded texts that the wildcards of the winner's path matched, by wildcard name."""
        if not self.match or self.match.path_line not in (PathLine.WILDCARDS, PathLine.DISTANCE):
            return {}
        return self.match.candidate.path.extract_captures(normalize_path(self.request.path))

    @property
    def candidate_count(self) -> int:
        """The number of candidates in the index."""
        return len(self.explainer)

    @cached_property
    def bare_item(self) -> str | None:
        """The name of the request item that fits but has no example. None on a hit."""
        if self.match or self.problem or self.selectors.is_named:
            return None
        return self.explainer.find_bare_item(self.normal_request)

    def get_item_name(self, candidate: Candidate) -> str:
        """Return the name of the request item of a candidate; "" if it is unknown, or the example's name begins so."""
        return self.explainer.item_names.get(candidate.example.item_id, "")

    def find_near_misses(self) -> tuple[NearMiss, ...]:
        """Return up to three examples that nearly answer, nearest first; empty on a hit."""
        return self._near_misses

    @cached_property
    def _near_misses(self) -> tuple[NearMiss, ...]:
        if self.match or self.problem:
            return ()
        return self.explainer.find_near_misses(self.normal_request)

    def find_known_ranges(self) -> tuple[str, ...]:
        """Return the ranges of bytes that are known of what the request asks for, such as `0-99`, in order."""
        return self.explainer.find_known_ranges(self.normal_request)

    def find_match_by_ids(self) -> Match | None:
        """Return the match that a miss would be if ids found every example, or None."""
        return self._match_by_ids

    @cached_property
    def _match_by_ids(self) -> Match | None:
        if self.match or self.problem or self.selectors.is_named:
            return None
        return self.explainer.find_match_by_ids(self.normal_request)

    def find_runners_up(self) -> tuple[Match, ...]:
        """Return up to three examples that would answer without the winner, best first."""
        if not self.match or self.selectors.is_named:
            return ()
        return self.explainer.find_runners_up(self.normal_request, self.match)


def explain_score(match: Match, request: NormalRequest) -> tuple[ScoreLine, ...]:
    """Return a score line by line. A part that only filters has a line with 0 points."""
    lines, selectors = [], request.selectors
    if selectors.code is not None:
        lines.append(ScoreLine(RequestPart.STATUS, 0, f"{selectors.code}, as {mock_headers.CODE} asks"))
    if match.path_line is None:
        part, header = (
            (RequestPart.ID, mock_headers.ID) if selectors.id is not None else (RequestPart.NAME, mock_headers.NAME)
        )
        return (*lines, ScoreLine(part, 0, f"as {header} asks; nothing else is compared"))
    lines += [
        ScoreLine(RequestPart.PATH, int(match.path_line), match.path_line.reason),
        ScoreLine(RequestPart.QUERY, int(match.query_fit), explain_query(match, request)),
    ]
    if request.settings.host:
        lines.append(ScoreLine(RequestPart.HOST, 0, "equal"))
    if request.header_names:
        lines.append(ScoreLine(RequestPart.HEADERS, 0, f"equal: {', '.join(request.header_names)}"))
    if request.settings.body:
        lines.append(ScoreLine(RequestPart.BODY, 0, _explain_body(match, request)))
    elif match.body_differs:
        lines.append(ScoreLine(RequestPart.BODY, 0, "differs from every example"))
    return tuple(lines)


def explain_query(match: Match, request: NormalRequest) -> str:
    """Return how the query fits, in words; of one that differs, the names of the first parameters that do."""
    if match.query_fit is not QueryFit.UNEQUAL:
        return match.query_fit.reason
    names = list_differing_names(match.candidate.query, request.pairs)
    more = f" and {len(names) - MAX_QUERY_NAMES} more" if len(names) > MAX_QUERY_NAMES else ""
    shown = ", ".join(format_for_display(name, _NAME_WIDTH) for name in names[:MAX_QUERY_NAMES])
    return f"{match.query_fit.reason} at {shown}{more}"


def _explain_body(match: Match, request: NormalRequest) -> str:
    if not request.original.body:
        return "equal: both empty"
    body = match.candidate.body or NO_BODY
    pattern = body.select_pattern(request.body_type) or body
    note = request.explain_body(pattern.reading, pattern.places)
    word = "contains the example's" if request.settings.subset and pattern.kind in EXTENSIBLE else "equal, as"
    label = request.digest_body(pattern.reading, pattern.places).kind.label
    return f"{word} {label}" + (f": {note}" if note else "")
