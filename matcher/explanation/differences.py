"""What puts a candidate out, part by part, and how far it is: worked out only when someone asks why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from understudy.matcher import normal_forms
from understudy.matcher.body_forms import canonical
from understudy.matcher.decision import Difference
from understudy.matcher.explanation.body_differences import explain_comparison, find_differing_places, render_bodies
from understudy.matcher.lookup.edit_distance import measure_common_prefix
from understudy.matcher.lookup.similar_paths import is_similar_path
from understudy.matcher.normal_forms import format_for_display
from understudy.matcher.parts.candidate import Candidate, select_redacted_names
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.parts.paths import find_first_line
from understudy.matcher.scores import PathLine, RequestPart
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Request

WIDTH = 120  # characters of what was expected and of what came: a line or two of a terminal
_LEAD = 20  # characters of agreement shown before the first difference
HIDDEN = "[redacted]"
NOTHING = "(none)"
_AFTER_PATH = (RequestPart.QUERY, RequestPart.HEADERS, RequestPart.BODY)

Secrets = frozenset[RedactedPlace]


def explain_differences(
    candidate: Candidate, request: NormalRequest, secret: Secrets = frozenset()
) -> tuple[Difference, ...]:
    """The parts that `told` has; none exactly when the candidate matches by another line than distance.

    Values at places redacted in its request, or in `secret`, are not shown, neither its own nor what came.
    """
    hidden = secret | candidate.example.redacted
    return tuple(
        _build_difference(part, candidate, request, hidden) for part in list_differing_parts(candidate, request)
    )


def list_differing_parts(candidate: Candidate, request: NormalRequest) -> list[RequestPart]:
    """The parts that put the candidate out and, beside others, a path that is equal only without ids, or alike."""
    parts = list(find_filtering_parts(candidate, request))
    if parts and RequestPart.PATH not in parts and _is_loose(candidate, request):
        parts.insert(sum(part not in _AFTER_PATH for part in parts), RequestPart.PATH)
    return parts


def _is_loose(candidate: Candidate, asked: NormalRequest) -> bool:
    if asked.selectors.is_named:
        return False
    line = find_first_line(candidate.path, asked.path, asked.settings)
    return line is None or line < PathLine.WILDCARDS


def find_filtering_parts(candidate: Candidate, request: NormalRequest) -> Iterator[RequestPart]:
    """The parts that put the candidate out."""
    if candidate.method not in request.methods:
        yield RequestPart.METHOD
    if request.settings.host and candidate.origin != request.original.origin:
        yield RequestPart.HOST
    yield from _check_selectors(candidate, request)
    if not request.selectors.is_named:
        yield from _check_parts(candidate, request)


def _check_selectors(candidate: Candidate, asked: NormalRequest) -> Iterator[RequestPart]:
    selectors = asked.selectors
    selected = [example for example in candidate.examples if _is_selected(example, asked)]
    if not selected:
        yield RequestPart.NAME if selectors.id is None else RequestPart.ID
    if selectors.code is not None and all(
        each.response.status != selectors.code for each in selected or candidate.examples
    ):
        yield RequestPart.STATUS


def _is_selected(example: Example, asked: NormalRequest) -> bool:
    if asked.selectors.id is not None:
        return example.id in asked.selectors.ids
    return asked.selectors.name in (None, example.name)


def _check_parts(candidate: Candidate, asked: NormalRequest) -> Iterator[RequestPart]:
    line = find_first_line(candidate.path, asked.path, asked.settings)
    fits = line is not None or _has_similar_path(candidate, asked)
    if not fits:
        yield RequestPart.PATH
    if candidate.query.compute_fit(asked.pairs, asked.settings.query) is None:
        yield RequestPart.QUERY
        fits = False
    if not candidate.fits_headers(asked):
        yield RequestPart.HEADERS
        fits = False
    if not candidate.fits_body(asked):
        yield RequestPart.BODY
        fits = False
    if fits and line is None:
        yield RequestPart.PATH  # alike, and beyond the number of paths that distance is worked out for


def _has_similar_path(candidate: Candidate, asked: NormalRequest) -> bool:
    settings = asked.settings
    if not settings.distance or settings.exact_path:
        return False
    return is_similar_path(candidate.path.text.split("/"), asked.path.split("/"))


def _build_difference(part: RequestPart, candidate: Candidate, asked: NormalRequest, hidden: Secrets) -> Difference:
    expected, actual = _RENDERERS[part](candidate, asked, hidden)
    texts = format_for_display(expected, WIDTH), format_for_display(actual, WIDTH)
    if part is RequestPart.PATH:
        return Difference(part, *texts, _explain_path(candidate, asked))
    if part is not RequestPart.BODY:
        return Difference(part, *texts)
    return Difference(
        part, *texts, explain_comparison(candidate, asked), find_differing_places(candidate, asked, hidden)
    )


def _explain_path(candidate: Candidate, asked: NormalRequest) -> str:
    line = find_first_line(candidate.path, asked.path, asked.settings)
    return f"equal {line.reason}" if line else ""


def _render_methods(candidate: Candidate, asked: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    return candidate.method, asked.original.method


def _render_hosts(candidate: Candidate, asked: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    return str(candidate.origin or NOTHING), str(asked.original.origin or NOTHING)


def _render_paths(candidate: Candidate, asked: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    return normal_forms.text_from_bytes(candidate.request.path), normal_forms.text_from_bytes(asked.original.path)


def _render_queries(candidate: Candidate, asked: NormalRequest, hidden: Secrets) -> tuple[str, str]:
    missing, extra = candidate.query.list_differences(asked.pairs, select_redacted_names(hidden, Part.QUERY))
    return "&".join(missing) or NOTHING, "&".join(extra) or NOTHING


def _render_headers(candidate: Candidate, asked: NormalRequest, hidden: Secrets) -> tuple[str, str]:
    secret = select_redacted_names(hidden, Part.HEADER)
    names = [name for name, _, _ in candidate.headers.find_differing(asked.header_values)]

    def format_header(request: Request, name: str) -> str:
        values = request.headers.get_all(name)
        return f"{name}: {HIDDEN if values and name in secret else ', '.join(values) if values else NOTHING}"

    mine, theirs = (
        ["; ".join(format_header(each, name) for name in names)] for each in (candidate.request, asked.original)
    )
    return mine[0], theirs[0]


def _render_bodies(candidate: Candidate, asked: NormalRequest, hidden: Secrets) -> tuple[str, str]:
    mine, theirs = candidate.request, asked.original
    kinds = canonical.get_media_type(mine), canonical.get_media_type(theirs)
    if mine.body and theirs.body and kinds[0] != kinds[1]:
        return _render_media_type(kinds[0]), _render_media_type(kinds[1])
    one, other = render_bodies(candidate, asked, hidden)
    start = max(0, measure_common_prefix(one, other) - _LEAD)
    lead = "…" if start else ""
    return lead + one[start:], lead + other[start:]


def _render_media_type(media: str | None) -> str:
    return "no Content-Type" if media is None else f"Content-Type {media}"


def _render_statuses(candidate: Candidate, asked: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    statuses = dict.fromkeys(str(example.response.status) for example in candidate.examples)
    return ", ".join(statuses), str(asked.selectors.code)


def _render_ids(candidate: Candidate, asked: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    return candidate.id, asked.selectors.id or NOTHING


def _render_names(candidate: Candidate, asked: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    return candidate.example.name, asked.selectors.name or NOTHING


_RENDERERS: Mapping[RequestPart, Callable[[Candidate, NormalRequest, Secrets], tuple[str, str]]] = {
    RequestPart.METHOD: _render_methods,
    RequestPart.HOST: _render_hosts,
    RequestPart.PATH: _render_paths,
    RequestPart.QUERY: _render_queries,
    RequestPart.HEADERS: _render_headers,
    RequestPart.BODY: _render_bodies,
    RequestPart.STATUS: _render_statuses,
    RequestPart.ID: _render_ids,
    RequestPart.NAME: _render_names,
}
