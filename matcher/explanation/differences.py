"""The differences between a candidate and a request, part by part; computed only for explanations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from understudy.matcher import normal_forms
from understudy.matcher.body_forms.canonical import get_media_type, have_same_type
from understudy.matcher.decision import Difference
from understudy.matcher.explanation.body_differences import (
    OTHER_SECRET,
    explain_comparison,
    find_differing_places,
    render_bodies,
    shorten_places,
)
from understudy.matcher.explanation.differing_places import list_differing_names
from understudy.matcher.explanation.hidden_bodies import Secrets, find_secret_places
from understudy.matcher.lookup.edit_distance import measure_common_prefix
from understudy.matcher.lookup.similar_paths import is_similar_path
from understudy.matcher.normal_forms import format_for_display
from understudy.matcher.parts.candidate import Candidate, select_redacted_names
from understudy.matcher.parts.eligibility import PRECONDITIONS, RANGES
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.parts.paths import find_first_line
from understudy.matcher.scores import PathLine, RequestPart
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part
from understudy.store.model.messages import Request
from understudy.store.model.values import replace

WIDTH = 120  # characters of the expected and of the actual value: a line or two of a terminal
_LEAD = 20  # equal characters shown before the first difference
HIDDEN = "[redacted]"
NOTHING = "(none)"
_AFTER_PATH = (
    RequestPart.QUERY,
    RequestPart.HEADERS,
    RequestPart.BODY,
    RequestPart.RANGE,
    RequestPart.PRECONDITION,
    RequestPart.OPERATION,
)


def explain_differences(
    candidate: Candidate, request: NormalRequest, secret: Secrets = frozenset()
) -> tuple[Difference, ...]:
    """Return the parts of `list_differing_parts` with their values.

    There are none if the candidate matches other than by distance. Values at places that are redacted in the example,
    that hold secrets in one of the two, or that are listed in `secret`, are hidden on both sides.
    """
    hidden = secret | candidate.example.redacted | find_secret_places((candidate.request, request.original))
    return tuple(
        _build_difference(part, candidate, request, hidden) for part in list_differing_parts(candidate, request)
    )


def list_differing_parts(candidate: Candidate, request: NormalRequest) -> list[RequestPart]:
    """Return the parts that filter the candidate out and, beside them, a path that is only loosely equal.

    That is a path that is equal without ids, or similar: it filters nothing out, but the request probably means another
    resource.
    """
    parts = list(find_filtering_parts(candidate, request))
    if parts and RequestPart.PATH not in parts and _is_loose(candidate, request):
        parts.insert(sum(part not in _AFTER_PATH for part in parts), RequestPart.PATH)
    return parts


def _is_loose(candidate: Candidate, request: NormalRequest) -> bool:
    if request.selectors.is_named:
        return False
    line = find_first_line(candidate.path, request.path, request.settings)
    return line is None or line < PathLine.WILDCARDS


def find_filtering_parts(candidate: Candidate, request: NormalRequest) -> Iterator[RequestPart]:
    """Yield the parts that filter the candidate out."""
    if candidate.method not in request.methods:
        yield RequestPart.METHOD
    if request.settings.host and candidate.origin != request.origin:
        yield RequestPart.HOST
    yield from _check_selectors(candidate, request)
    if not request.selectors.is_named:
        yield from _check_parts(candidate, request)


def _check_selectors(candidate: Candidate, request: NormalRequest) -> Iterator[RequestPart]:
    selectors = request.selectors
    selected = [example for example in candidate.examples if _is_selected(example, request)]
    if not selected:
        yield RequestPart.NAME if selectors.id is None else RequestPart.ID
    if selectors.code is not None and all(
        each.response.status != selectors.code for each in selected or candidate.examples
    ):
        yield RequestPart.STATUS


def _is_selected(example: Example, request: NormalRequest) -> bool:
    if request.selectors.id is not None:
        return example.id in request.selectors.ids
    return request.selectors.name in (None, example.name.strip())


def _check_parts(candidate: Candidate, request: NormalRequest) -> Iterator[RequestPart]:
    line = find_first_line(candidate.path, request.path, request.settings)
    fits = line is not None or _has_similar_path(candidate, request)
    if not fits:
        yield RequestPart.PATH
    if candidate.query.compute_fit(request.pairs, request.settings.query) is None:
        yield RequestPart.QUERY
        fits = False
    if not candidate.fits_headers(request):
        yield RequestPart.HEADERS
        fits = False
    if not candidate.fits_body(request):
        yield RequestPart.BODY
        fits = False
    for part in candidate.list_unmet_parts(request):
        yield part
        fits = False
    if fits and line is None:
        yield RequestPart.PATH  # similar, but not among the paths that are compared by distance


def _has_similar_path(candidate: Candidate, request: NormalRequest) -> bool:
    if not request.settings.uses_distance(recorded=candidate.path.recorded):
        return False
    return is_similar_path(candidate.path, request.path)


def _build_difference(part: RequestPart, candidate: Candidate, request: NormalRequest, hidden: Secrets) -> Difference:
    expected, actual = _RENDERERS[part](candidate, request, hidden)
    texts = format_for_display(expected, WIDTH), format_for_display(actual, WIDTH)
    if part is RequestPart.PATH:
        return Difference(part, *texts, _explain_path(candidate, request))
    if part is RequestPart.QUERY:
        return Difference(part, *texts, "", shorten_places(list_differing_names(candidate.query, request.pairs)))
    if part is RequestPart.HEADERS:
        return Difference(part, *texts, "", _list_differing_headers(candidate, request))
    if part is not RequestPart.BODY:
        return Difference(part, *texts)
    is_one_type = have_same_type(candidate.request, request.original)
    places, where = find_differing_places(candidate, request, hidden) if is_one_type else ((), "")
    notes = filter(None, (explain_comparison(candidate, request), where))
    return Difference(part, *texts, "; ".join(notes), places)


def _explain_path(candidate: Candidate, request: NormalRequest) -> str:
    line = find_first_line(candidate.path, request.path, request.settings)
    if line is not None:
        return f"equal {line.reason}"
    by_ids = find_first_line(candidate.path, request.path, replace(request.settings, ids=True))
    return "" if by_ids is None else f"equal {by_ids.reason}, which do not count for it"


def _render_methods(candidate: Candidate, request: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    return candidate.method, request.original.method


def _render_hosts(candidate: Candidate, request: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    return str(candidate.request.origin or NOTHING), str(request.original.origin or NOTHING)


def _render_paths(candidate: Candidate, request: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    return normal_forms.text_from_bytes(candidate.request.path), normal_forms.text_from_bytes(request.original.path)


def _render_queries(candidate: Candidate, request: NormalRequest, hidden: Secrets) -> tuple[str, str]:
    secret = select_redacted_names(hidden, Part.QUERY)
    missing, extra = candidate.query.list_differences(request.pairs, secret)
    extra = mark_other_secrets(missing, extra)
    if not missing and not extra:  # only the order of repeated values differs
        missing, extra = (
            [f"{name}={value}" for name, value in each if name not in secret]
            for each in (candidate.query.repeats, request.repeats)
        )
    return "&".join(missing) or NOTHING, "&".join(extra) or NOTHING


def _render_headers(candidate: Candidate, normal_request: NormalRequest, hidden: Secrets) -> tuple[str, str]:
    secret = select_redacted_names(hidden, Part.HEADER)
    names = [name for name, _, _ in candidate.headers.find_differing(normal_request.header_values)]
    names += _list_differing_varied(candidate, normal_request)

    def format_header(request: Request, name: str) -> str:
        values = request.headers.get_all(name)
        return f"{name}: {HIDDEN if values and name in secret else ', '.join(values) if values else NOTHING}"

    mine, theirs = (
        [format_header(each, name) for name in names] for each in (candidate.request, normal_request.original)
    )
    return "; ".join(mine), "; ".join(mark_other_secrets(mine, theirs))


def mark_other_secrets(expected: list[str], actual: list[str]) -> list[str]:
    """Return the actual values, with another mark for a hidden one that differs from the hidden one expected."""
    hidden = {each for each in expected if HIDDEN in each}
    return [each.replace(HIDDEN, OTHER_SECRET) if each in hidden else each for each in actual]


def _list_differing_headers(candidate: Candidate, request: NormalRequest) -> tuple[str, ...]:
    """Return the names of the listed headers that differ; none where others differ too, which no setting leaves out."""
    if _list_differing_varied(candidate, request):
        return ()
    return shorten_places(name for name, _, _ in candidate.headers.find_differing(request.header_values))


def _list_differing_varied(candidate: Candidate, request: NormalRequest) -> list[str]:
    """Return the negotiating headers that differ, in spy mode."""
    term = candidate.eligibility.terms[0]
    named = zip(term.kind.names, term.values, request.read_exact(term.kind.names), strict=True)
    return [name for name, one, other in named if one != other and name not in (*PRECONDITIONS, *RANGES)]


def _render_ranges(candidate: Candidate, request: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    return _format_fields(candidate.request, RANGES), _format_fields(request.original, RANGES)


def _render_preconditions(candidate: Candidate, request: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    return _format_fields(candidate.request, PRECONDITIONS), _format_fields(request.original, PRECONDITIONS)


def _format_fields(request: Request, names: tuple[str, ...]) -> str:
    shown = [f"{name.title()}: {', '.join(values)}" for name in names if (values := request.headers.get_all(name))]
    return "; ".join(shown) or NOTHING


def _render_operations(candidate: Candidate, request: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    mine, theirs = candidate.compared_body.operation, request.operation
    return (mine.name if mine else "") or NOTHING, (theirs.name if theirs else "") or NOTHING


def _render_bodies(candidate: Candidate, request: NormalRequest, hidden: Secrets) -> tuple[str, str]:
    mine, theirs = candidate.request, request.original
    if mine.body and theirs.body and not have_same_type(mine, theirs):
        return f"Content-Type {get_media_type(mine)}", f"Content-Type {get_media_type(theirs)}"
    one, other = render_bodies(candidate, request, hidden)
    start = max(0, measure_common_prefix(one, other) - _LEAD)
    lead = "…" if start else ""
    return lead + one[start:], lead + other[start:]


def _render_statuses(candidate: Candidate, request: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    statuses = dict.fromkeys(str(example.response.status) for example in candidate.examples)
    return ", ".join(statuses), str(request.selectors.code)


def _render_ids(candidate: Candidate, request: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    return candidate.id, request.selectors.id or NOTHING


def _render_names(candidate: Candidate, request: NormalRequest, _hidden: Secrets) -> tuple[str, str]:
    return candidate.example.name, request.selectors.name or NOTHING


_RENDERERS: Mapping[RequestPart, Callable[[Candidate, NormalRequest, Secrets], tuple[str, str]]] = {
    RequestPart.METHOD: _render_methods,
    RequestPart.HOST: _render_hosts,
    RequestPart.PATH: _render_paths,
    RequestPart.QUERY: _render_queries,
    RequestPart.HEADERS: _render_headers,
    RequestPart.BODY: _render_bodies,
    RequestPart.RANGE: _render_ranges,
    RequestPart.PRECONDITION: _render_preconditions,
    RequestPart.OPERATION: _render_operations,
    RequestPart.STATUS: _render_statuses,
    RequestPart.ID: _render_ids,
    RequestPart.NAME: _render_names,
}
