"""What puts a candidate out, part by part, and how far it is: worked out only when someone asks why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from understudy.matcher import normal_forms
from understudy.matcher.body_forms import canonical
from understudy.matcher.decision import Difference
from understudy.matcher.explanation.body_differences import body_notes, body_places, body_texts
from understudy.matcher.lookup.edit_distance import common_start
from understudy.matcher.lookup.similar_paths import differ_little
from understudy.matcher.normal_forms import shown
from understudy.matcher.parts.candidate import Candidate, redacted_names
from understudy.matcher.parts.normal_request import Asked
from understudy.matcher.parts.paths import first_line
from understudy.matcher.scores import PathLine, RequestPart
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part, Redacted
from understudy.store.model.messages import Request

WIDTH = 120  # characters of what was expected and of what came: a line or two of a terminal
_LEAD = 20  # characters of agreement shown before the first difference
HIDDEN = "[redacted]"
NOTHING = "(none)"
_AFTER_PATH = (RequestPart.QUERY, RequestPart.HEADERS, RequestPart.BODY)

Secrets = frozenset[Redacted]


def differences(candidate: Candidate, asked: Asked, secret: Secrets = frozenset()) -> tuple[Difference, ...]:
    """The parts that `told` has; none exactly when the candidate matches by another line than distance.

    Values at places redacted in its request, or in `secret`, are not shown, neither its own nor what came.
    """
    hidden = secret | candidate.example.redacted
    return tuple(_difference(part, candidate, asked, hidden) for part in told(candidate, asked))


def told(candidate: Candidate, asked: Asked) -> list[RequestPart]:
    """The parts that put the candidate out and, beside others, a path that is equal only without ids, or alike."""
    parts = list(filtered_by(candidate, asked))
    if parts and RequestPart.PATH not in parts and _is_loose(candidate, asked):
        parts.insert(sum(part not in _AFTER_PATH for part in parts), RequestPart.PATH)
    return parts


def _is_loose(candidate: Candidate, asked: Asked) -> bool:
    if asked.chosen.named:
        return False
    line = first_line(candidate.path, asked.text, asked.settings)
    return line is None or line < PathLine.WILDCARDS


def filtered_by(candidate: Candidate, asked: Asked) -> Iterator[RequestPart]:
    """The parts that put the candidate out."""
    if candidate.method not in asked.methods:
        yield RequestPart.METHOD
    if asked.settings.host and candidate.origin != asked.request.origin:
        yield RequestPart.HOST
    yield from _not_chosen(candidate, asked)
    if not asked.chosen.named:
        yield from _not_fitting(candidate, asked)


def _not_chosen(candidate: Candidate, asked: Asked) -> Iterator[RequestPart]:
    chosen = asked.chosen
    meant = [example for example in candidate.examples if _is_meant(example, asked)]
    if not meant:
        yield RequestPart.NAME if chosen.id is None else RequestPart.ID
    if chosen.code is not None and all(each.response.status != chosen.code for each in meant or candidate.examples):
        yield RequestPart.STATUS


def _is_meant(example: Example, asked: Asked) -> bool:
    if asked.chosen.id is not None:
        return example.id in asked.chosen.ids
    return asked.chosen.name in (None, example.name)


def _not_fitting(candidate: Candidate, asked: Asked) -> Iterator[RequestPart]:
    line = first_line(candidate.path, asked.text, asked.settings)
    fits = line is not None or _alike_paths(candidate, asked)
    if not fits:
        yield RequestPart.PATH
    if candidate.query.fit(asked.pairs, asked.settings.query) is None:
        yield RequestPart.QUERY
        fits = False
    if not candidate.headers_fit(asked):
        yield RequestPart.HEADERS
        fits = False
    if not candidate.body_fits(asked):
        yield RequestPart.BODY
        fits = False
    if fits and line is None:
        yield RequestPart.PATH  # alike, and beyond the number of paths that distance is worked out for


def _alike_paths(candidate: Candidate, asked: Asked) -> bool:
    settings = asked.settings
    if not settings.distance or settings.exact_path:
        return False
    return differ_little(candidate.path.text.split("/"), asked.text.split("/"))


def _difference(part: RequestPart, candidate: Candidate, asked: Asked, hidden: Secrets) -> Difference:
    expected, actual = _SHOWN[part](candidate, asked, hidden)
    texts = shown(expected, WIDTH), shown(actual, WIDTH)
    if part is RequestPart.PATH:
        return Difference(part, *texts, _path_note(candidate, asked))
    if part is not RequestPart.BODY:
        return Difference(part, *texts)
    return Difference(part, *texts, body_notes(candidate, asked), body_places(candidate, asked, hidden))


def _path_note(candidate: Candidate, asked: Asked) -> str:
    line = first_line(candidate.path, asked.text, asked.settings)
    return f"equal {line.reason}" if line else ""


def _methods(candidate: Candidate, asked: Asked, _hidden: Secrets) -> tuple[str, str]:
    return candidate.method, asked.request.method


def _hosts(candidate: Candidate, asked: Asked, _hidden: Secrets) -> tuple[str, str]:
    return str(candidate.origin or NOTHING), str(asked.request.origin or NOTHING)


def _paths(candidate: Candidate, asked: Asked, _hidden: Secrets) -> tuple[str, str]:
    return normal_forms.text_of(candidate.request.path), normal_forms.text_of(asked.request.path)


def _queries(candidate: Candidate, asked: Asked, hidden: Secrets) -> tuple[str, str]:
    missing, extra = candidate.query.lacks(asked.pairs, redacted_names(hidden, Part.QUERY))
    return "&".join(missing) or NOTHING, "&".join(extra) or NOTHING


def _headers(candidate: Candidate, asked: Asked, hidden: Secrets) -> tuple[str, str]:
    secret = redacted_names(hidden, Part.HEADER)
    names = [name for name, _, _ in candidate.headers.differing(asked.header_values)]

    def told(request: Request, name: str) -> str:
        values = request.headers.get_all(name)
        return f"{name}: {HIDDEN if values and name in secret else ', '.join(values) if values else NOTHING}"

    mine, theirs = (["; ".join(told(each, name) for name in names)] for each in (candidate.request, asked.request))
    return mine[0], theirs[0]


def _bodies(candidate: Candidate, asked: Asked, hidden: Secrets) -> tuple[str, str]:
    mine, theirs = candidate.request, asked.request
    kinds = canonical.request_media_type(mine), canonical.request_media_type(theirs)
    if mine.body and theirs.body and kinds[0] != kinds[1]:
        return _kind(kinds[0]), _kind(kinds[1])
    one, other = body_texts(candidate, asked, hidden)
    start = max(0, common_start(one, other) - _LEAD)
    lead = "…" if start else ""
    return lead + one[start:], lead + other[start:]


def _kind(media: str | None) -> str:
    return "no Content-Type" if media is None else f"Content-Type {media}"


def _statuses(candidate: Candidate, asked: Asked, _hidden: Secrets) -> tuple[str, str]:
    statuses = dict.fromkeys(str(example.response.status) for example in candidate.examples)
    return ", ".join(statuses), str(asked.chosen.code)


def _ids(candidate: Candidate, asked: Asked, _hidden: Secrets) -> tuple[str, str]:
    return candidate.id, asked.chosen.id or NOTHING


def _names(candidate: Candidate, asked: Asked, _hidden: Secrets) -> tuple[str, str]:
    return candidate.example.name, asked.chosen.name or NOTHING


_SHOWN: Mapping[RequestPart, Callable[[Candidate, Asked, Secrets], tuple[str, str]]] = {
    RequestPart.METHOD: _methods,
    RequestPart.HOST: _hosts,
    RequestPart.PATH: _paths,
    RequestPart.QUERY: _queries,
    RequestPart.HEADERS: _headers,
    RequestPart.BODY: _bodies,
    RequestPart.STATUS: _statuses,
    RequestPart.ID: _ids,
    RequestPart.NAME: _names,
}
