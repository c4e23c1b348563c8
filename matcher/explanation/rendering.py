"""A decision as text for the terminal, and as a dictionary for answers, logs and `--json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from understudy.matcher import mock_headers
from understudy.matcher.decision import Decision, Difference, NearMiss, explain_query, explain_score
from understudy.matcher.explanation.body_differences import MAX_PLACES
from understudy.matcher.mock_headers import Selectors
from understudy.matcher.normal_forms import format_for_display, text_from_bytes
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.matcher.scores import RequestPart
from understudy.store.model.collections import Example


def as_text(decision: Decision) -> str:
    """Return the decision in a few lines, each with its line end."""
    if decision.problem:
        return f"{format_for_display(decision.problem.message, 200)}\n"
    lines = _render_hit(decision, decision.match) if decision.match else _render_miss(decision)
    return "".join(line + "\n" for line in lines)


def as_json(decision: Decision) -> dict[str, object]:
    """Return the decision as values for JSON, without query values of the request, which may be secret."""
    if decision.match is None:
        return _miss_as_json(decision, decision.find_near_misses())
    return _head_as_json(decision) | {
        "decided_as": decision.match.candidate.method,
        **_match_as_json(decision, decision.match),
        "captures": decision.captures,
        "runners_up": [_match_as_json(decision, match) for match in decision.find_runners_up()],
    }


def summarize_nearest(decision: Decision) -> str:
    """Return a miss in a few words for a log: the nearest example and the names of its differing parts."""
    item = decision.bare_item
    return (
        _format_nearest(decision, decision.find_near_misses())
        if item is None
        else f'the request "{format_for_display(item)}" has no example'
    )


def summarize_match_by_ids(decision: Decision) -> str:
    """Return in a few words, for a log, which example a miss would be answered by if ids found it; "" for none."""
    match = decision.find_match_by_ids()
    return "" if match is None else f"ids would find {_format_name(decision, match.candidate)}"


@dataclass(frozen=True, slots=True)
class MissTexts:
    """A miss as `summarize_nearest`, `describe_difference` and `as_json` show it, after one search."""

    nearest: str
    difference: str | None
    explanation: dict[str, object]


def describe_miss(decision: Decision) -> MissTexts:
    """Return a miss for its answer."""
    misses = decision.find_near_misses()
    return MissTexts(
        _format_nearest(decision, misses), describe_difference(misses, decision), _miss_as_json(decision, misses)
    )


_ELSEWHERE = {RequestPart.METHOD, RequestPart.PATH, RequestPart.STATUS, RequestPart.ID, RequestPart.NAME}


def describe_difference(misses: Sequence[NearMiss], decision: Decision) -> str | None:
    """Return in a sentence what differs, if the nearest example has the method and path of the request; else None."""
    parts = [each.part for each in misses[0].differences] if misses else []
    if not parts or not _ELSEWHERE.isdisjoint(parts):
        return None
    *most, last = [str(part) for part in parts]
    subject, verb = (f"{', '.join(most)} and {last}", "differ") if most else (last, "differs")
    ranges = decision.find_known_ranges() if parts == [RequestPart.RANGE] else ()
    known = f" No recorded range holds these bytes; recorded are {_join(ranges)}." if ranges else ""
    return f"The {subject} of the request {verb}.{known}"


def _join(texts: Sequence[str]) -> str:
    *most, last = texts
    return f"{', '.join(most)} and {last}" if most else last


def explain_tie(winner: Match, other: Match) -> str | None:
    """Return why the winner precedes another match of the same score (docs/matching.md, "Ties"), or None."""
    if winner.score != other.score:
        return None
    if winner.candidate.method != other.candidate.method:
        return "is an example of the method itself"
    if winner.path_line != other.path_line:
        return "has the higher path score"
    mine, theirs = winner.candidate.rank, other.candidate.rank
    rules = (*_PATH_RULES, *_list_preferences(winner), *_ID_RULES)
    ranks = zip(
        rules, (*mine[:2], *winner.preference, *mine[2]), (*theirs[:2], *other.preference, *theirs[2]), strict=False
    )
    rule = next((rule for rule, one, another in ranks if one != another), None)
    return "has the higher id" if rule == _NEWER and not mine[2][0] else rule


def _list_preferences(winner: Match) -> Iterator[str]:
    """Yield what each value of the preference means."""
    if not winner.preference:
        return
    yield "was recorded with the same range and preconditions"
    if len(winner.preference) > len(winner.negotiated) + 2:
        yield from _BODY_RULES
    yield from (f"has the {name.title()} of the request" for name in winner.negotiated)
    yield "has its repeated query values in the order of the request"


_NEWER = "is newer"
_PATH_RULES = ("has fewer wildcards", "has more literal characters before its first wildcard")
_BODY_RULES = (
    "has the body of the request",
    "has fewer wildcards in its body",
    "has the operation of the request",
)
_ID_RULES = ("was made here, and the other one imported", _NEWER)


def _head_as_json(decision: Decision) -> dict[str, object]:
    request = {"method": format_for_display(decision.request.method), "path": _format_path(decision)}
    return {"matched": decision.match is not None, "request": request}


def _miss_as_json(decision: Decision, misses: Sequence[NearMiss]) -> dict[str, object]:
    message = decision.problem.message if decision.problem else _format_headline(decision)
    by_ids = decision.find_match_by_ids()
    found = {} if by_ids is None else {"by_ids": _candidate_as_json(decision, by_ids.candidate)}
    nearest = [_near_miss_as_json(decision, miss) for miss in misses]
    return _head_as_json(decision) | {"message": message, **found, "nearest": nearest}


def _format_nearest(decision: Decision, misses: Sequence[NearMiss]) -> str:
    return "".join(f"nearest is {_format_name(decision, each.candidate)}: {_format_parts(each)}" for each in misses[:1])


def _format_parts(miss: NearMiss) -> str:
    *first, final = miss.differences
    if final.places and not any(each.places for each in first):
        return f"{_join_parts([str(each.part) for each in miss.differences])} at {format_places(final.places)}"
    places = (f" ({format_places(each.places)})" if each.places else "" for each in miss.differences)
    return _join_parts([f"{each.part}{named}" for each, named in zip(miss.differences, places, strict=True)])


def _join_parts(parts: Sequence[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last} differ" if most else f"{last} differs"


def format_places(places: Sequence[str]) -> str:
    """Return the first few places that differ, in words."""
    if len(places) >= MAX_PLACES:
        return f"{', '.join(places[: MAX_PLACES - 1])} and more"
    *most, last = places
    return f"{', '.join(most)} and {last}" if most else last


def _format_path(decision: Decision) -> str:
    return format_for_display(text_from_bytes(decision.request.path))


def _format_name(decision: Decision, candidate: Candidate) -> str:
    count, item = len(candidate.examples), decision.get_item_name(candidate)
    sequence = f", a sequence of {count}" if count > 1 else ""
    name = f'"{format_for_display(candidate.example.name)}"' + (f' of "{format_for_display(item)}"' if item else "")
    return f"{name} ({_format_id(candidate.example)}{sequence})"


def _format_id(example: Example) -> str:
    # People look up a replayed exchange by its entry in history: `understudy history show 57`.
    return format_for_display(example.id) if example.entry is None else f"entry {example.entry}"


def _render_hit(decision: Decision, match: Match) -> Iterator[str]:
    method, path = format_for_display(decision.request.method), _format_path(decision)
    yield f"{method} {path} is answered by {_format_name(decision, match.candidate)}"
    if decision.is_head_by_get:
        yield "  an example of GET: no HEAD example has as many points"
    for line in decision.lines:
        points = f"{line.points:+d}" if line.points else ""
        yield f"  {line.part:<6} {points:>4}  {line.reason}"
    yield f"  score  {match.score:>4}"
    for name, value in decision.captures.items():
        yield f"  {{{{{format_for_display(name)}}}}} is {format_for_display(value)}"
    yield from _render_runners_up(decision, match)


def _render_runners_up(decision: Decision, winner: Match) -> Iterator[str]:
    runners_up = decision.find_runners_up()
    winner = winner.compare(decision.normal_request) if winner.negotiated else winner
    if runners_up:
        yield "Runners-up:"
    for match in runners_up:
        yield f"  {match.score:>4}  {_format_name(decision, match.candidate)}"
        rule = explain_tie(winner, match)
        lost = f"; same score, but the winner {rule}" if rule else ""
        line = f"path {match.path_line.reason}, " if match.path_line else ""
        yield f"        {line}query {explain_query(match, decision.normal_request)}{lost}"


def _format_headline(decision: Decision) -> str:
    headline = f"No example answers {format_for_display(decision.request.method)} {_format_path(decision)}"
    item = decision.bare_item
    if item is not None:
        return f'{headline}: the request "{format_for_display(item)}" has no example'
    if not decision.candidate_count:
        return f"{headline}: the collection has no examples"
    selectors = _format_selectors(decision.selectors)
    return f"{headline}: {selectors}" if selectors else headline


def _format_selectors(selectors: Selectors) -> str:
    """Return the selectors that found nothing, in words."""
    phrases = []
    if selectors.code is not None:
        phrases.append(f"{mock_headers.CODE} asks for the status {selectors.code}")
    if selectors.id is not None:
        phrases.append(f"{mock_headers.ID} asks for the id {format_for_display(selectors.id)}")
    elif selectors.name is not None:
        phrases.append(f'{mock_headers.NAME} asks for the name "{format_for_display(selectors.name)}"')
    return ", ".join(phrases)


def _render_miss(decision: Decision) -> Iterator[str]:
    yield _format_headline(decision)
    by_ids = summarize_match_by_ids(decision)
    if by_ids:
        yield f"  {by_ids}, but do not count for it"
    misses = decision.find_near_misses()
    if misses:
        yield "Nearest:"
    for miss in misses:
        yield f"  {_format_name(decision, miss.candidate)}"
        for difference in miss.differences:
            yield from render_difference(difference)


def render_difference(difference: Difference) -> Iterator[str]:
    """Yield the lines that show one difference: expected, actual, note and places."""
    yield f"    {difference.part:<6}  expected  {difference.expected}"
    yield f"    {'':<6}  actual    {difference.actual}"
    if difference.note:
        yield f"    {'':<6}  note      {difference.note}"
    if difference.places:
        yield f"    {'':<6}  at        {format_places(difference.places)}"


def _match_as_json(decision: Decision, match: Match) -> dict[str, object]:
    lines = explain_score(match, decision.normal_request)
    return {
        "example": _candidate_as_json(decision, match.candidate),
        "score": match.score,
        "path_line": match.path_line.reason if match.path_line else None,
        "lines": [{"part": str(line.part), "points": line.points, "reason": line.reason} for line in lines],
    }


def _near_miss_as_json(decision: Decision, miss: NearMiss) -> dict[str, object]:
    return {
        "example": _candidate_as_json(decision, miss.candidate),
        "differences": differences_as_json(miss.differences),
    }


def differences_as_json(differences: Iterable[Difference]) -> list[dict[str, object]]:
    """Return the differences as values for JSON."""
    return [
        {"part": str(each.part), "expected": each.expected, "actual": each.actual}
        | ({"note": each.note} if each.note else {})
        | ({"places": list(each.places)} if each.places else {})
        for each in differences
    ]


def _candidate_as_json(decision: Decision, candidate: Candidate) -> dict[str, object]:
    request, entry, item = candidate.request, candidate.example.entry, decision.get_item_name(candidate)
    return {
        "id": candidate.id,
        **({} if entry is None else {"entry": entry}),
        "name": candidate.example.name,
        **({"item": item} if item else {}),
        "method": candidate.method,
        "path": format_for_display(text_from_bytes(request.path)),
    }
