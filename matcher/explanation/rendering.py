"""A decision for people and programs: text for the terminal, and a dictionary for answers, logs and `--json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from understudy.matcher import mock_headers
from understudy.matcher.decision import Decision, Difference, NearMiss, score_lines
from understudy.matcher.explanation.body_differences import MOST_PLACES
from understudy.matcher.mock_headers import Selectors
from understudy.matcher.normal_forms import shown, text_of
from understudy.matcher.parts.candidate import Candidate, Match
from understudy.store.model.collections import Example


def as_text(decision: Decision) -> str:
    """The decision in a few lines, each ended."""
    if decision.problem:
        return f"{shown(decision.problem.message, 200)}\n"
    lines = _hit(decision, decision.match) if decision.match else _miss(decision)
    return "".join(line + "\n" for line in lines)


def as_json(decision: Decision) -> dict[str, object]:
    """The decision as values that JSON can hold; query values of the request are left out, they may be secret."""
    if decision.match is None:
        return _miss_json(decision, decision.near_misses())
    return _head_json(decision) | {
        "decided_as": decision.match.candidate.method,
        **_scored(decision, decision.match),
        "captures": decision.captures,
        "runners_up": [_scored(decision, match) for match in decision.runners_up()],
    }


def nearest_line(decision: Decision) -> str:
    """What a miss lacked, in a few words for a log: the nearest example, and its parts that differ, without values."""
    item = decision.without_example
    return _nearest_line(decision.near_misses()) if item is None else f'the request "{shown(item)}" has no example'


def nearest_and_json(decision: Decision) -> tuple[str, dict[str, object]]:
    """A miss as `as_json` says it, and the nearest example as `nearest_line` does: it is looked for only once."""
    misses = decision.near_misses()
    return _nearest_line(misses), _miss_json(decision, misses)


def tie_break(winner: Match, other: Match) -> str | None:
    """What put the winner before another of the same score; None if their scores differ (spec, step 7)."""
    if winner.score != other.score:
        return None
    if winner.path_line != other.path_line:
        return "has the higher path score"
    for rule, mine, theirs in zip(_TIE_RULES, winner.candidate.rank, other.candidate.rank, strict=True):
        if mine != theirs:
            return rule
    return None


_TIE_RULES = ("has fewer wildcards", "has more literal characters before its first wildcard", "is newer")


def _head_json(decision: Decision) -> dict[str, object]:
    request = {"method": shown(decision.request.method), "path": _path(decision)}
    return {"matched": decision.match is not None, "request": request}


def _miss_json(decision: Decision, misses: Sequence[NearMiss]) -> dict[str, object]:
    message = decision.problem.message if decision.problem else _headline(decision)
    return _head_json(decision) | {"message": message, "nearest": [_near(miss) for miss in misses]}


def _nearest_line(misses: Sequence[NearMiss]) -> str:
    return "".join(f"nearest is {_name(each.candidate)}: {_parts(each)}" for each in misses[:1])


def _parts(miss: NearMiss) -> str:
    *most, last = (str(each.part) for each in miss.differences)
    differ = f"{', '.join(most)} and {last} differ" if most else f"{last} differs"
    places = miss.differences[-1].places  # the body's, which is the last part to be compared
    return f"{differ} at {places_text(places)}" if places else differ


def places_text(places: Sequence[str]) -> str:
    """The first few places at which two bodies differ, in words."""
    if len(places) >= MOST_PLACES:
        return f"{', '.join(places[: MOST_PLACES - 1])} and more"
    *most, last = places
    return f"{', '.join(most)} and {last}" if most else last


def _path(decision: Decision) -> str:
    return shown(text_of(decision.request.path))


def _name(candidate: Candidate) -> str:
    count = len(candidate.examples)
    sequence = f", a sequence of {count}" if count > 1 else ""
    return f'"{shown(candidate.example.name)}" ({_number(candidate.example)}{sequence})'


def _number(example: Example) -> str:
    # Of a replayed session, the entry is what a person can look at: `understudy history show 57`.
    return shown(example.id) if example.entry is None else f"entry {example.entry}"


def _hit(decision: Decision, match: Match) -> Iterator[str]:
    yield f"{shown(decision.request.method)} {_path(decision)} is answered by {_name(match.candidate)}"
    if decision.as_get:
        yield "  decided as GET: no HEAD example fits"
    for line in decision.lines:
        points = f"{line.points:+d}" if line.points else ""
        yield f"  {line.part:<6} {points:>4}  {line.reason}"
    yield f"  score  {match.score:>4}"
    for name, value in decision.captures.items():
        yield f"  {{{{{shown(name)}}}}} is {shown(value)}"
    yield from _runners_up(decision, match)


def _runners_up(decision: Decision, winner: Match) -> Iterator[str]:
    runners_up = decision.runners_up()
    if runners_up:
        yield "Runners-up:"
    for match in runners_up:
        yield f"  {match.score:>4}  {_name(match.candidate)}"
        rule = tie_break(winner, match)
        lost = f"; same score, but the winner {rule}" if rule else ""
        line = f"path {match.path_line.reason}, " if match.path_line else ""
        yield f"        {line}query {match.query_fit.reason}{lost}"


def _headline(decision: Decision) -> str:
    headline = f"No example answers {shown(decision.request.method)} {_path(decision)}"
    item = decision.without_example
    if item is not None:
        return f'{headline}: the request "{shown(item)}" has no example'
    if not decision.considered:
        return f"{headline}: the collection has no examples"
    wanted = _wanted(decision.selectors)
    return f"{headline}: {wanted}" if wanted else headline


def _wanted(chosen: Selectors) -> str:
    """Which selectors found nothing."""
    told = []
    if chosen.code is not None:
        told.append(f"{mock_headers.CODE} asks for the status {chosen.code}")
    if chosen.id is not None:
        told.append(f"{mock_headers.ID} asks for the id {shown(chosen.id)}")
    elif chosen.name is not None:
        told.append(f'{mock_headers.NAME} asks for the name "{shown(chosen.name)}"')
    return ", ".join(told)


def _miss(decision: Decision) -> Iterator[str]:
    yield _headline(decision)
    misses = decision.near_misses()
    if misses:
        yield "Nearest:"
    for miss in misses:
        yield f"  {_name(miss.candidate)}"
        for difference in miss.differences:
            yield from difference_lines(difference)


def difference_lines(difference: Difference) -> Iterator[str]:
    """What was expected and what came, for people."""
    yield f"    {difference.part:<6}  expected  {difference.expected}"
    yield f"    {'':<6}  actual    {difference.actual}"
    if difference.note:
        yield f"    {'':<6}  note      {difference.note}"
    if difference.places:
        yield f"    {'':<6}  at        {places_text(difference.places)}"


def _scored(decision: Decision, match: Match) -> dict[str, object]:
    lines = score_lines(match, decision.asked)
    return {
        "example": _example(match.candidate),
        "score": match.score,
        "path_line": match.path_line.reason if match.path_line else None,
        "lines": [{"part": str(line.part), "points": line.points, "reason": line.reason} for line in lines],
    }


def _near(miss: NearMiss) -> dict[str, object]:
    return {
        "example": _example(miss.candidate),
        "differences": differences_json(miss.differences),
    }


def differences_json(differences: Iterable[Difference]) -> list[dict[str, object]]:
    """The same for programs."""
    return [
        {"part": str(each.part), "expected": each.expected, "actual": each.actual}
        | ({"note": each.note} if each.note else {})
        | ({"places": list(each.places)} if each.places else {})
        for each in differences
    ]


def _example(candidate: Candidate) -> dict[str, object]:
    request, entry = candidate.request, candidate.example.entry
    return {
        "id": candidate.id,
        **({} if entry is None else {"entry": entry}),
        "name": candidate.example.name,
        "method": candidate.method,
        "path": shown(text_of(request.path)),
    }
