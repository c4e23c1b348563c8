"""What would make a miss a hit, as hints that name settings and changes of examples."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.matcher.decision import Decision
from understudy.matcher.normal_forms import normalize_path, text_from_bytes, trim
from understudy.matcher.parts.candidate import Candidate
from understudy.store.errors import Hint


def suggest_ids(decision: Decision) -> Hint | None:
    """Return how a miss would be answered by ids: the example, and the path template that says the same; or None."""
    match = decision.find_match_by_ids()
    if match is None:
        return None
    path = _make_template(match.candidate, decision.request.path)
    return Hint("find_by_ids", {"example": match.candidate.id, "path": path})


def _make_template(candidate: Candidate, asked: bytes) -> str:
    """Return the example's path with a wildcard in the place of each segment that differs from the requested path.

    What stands before the path, such as `https://{{host}}` or `{{baseUrl}}`, stays.
    """
    mine, theirs = (trim(text).split("/") for text in (candidate.path.text, normalize_path(asked)))
    pairs = zip(reversed(mine), reversed(theirs), strict=True)
    differing = {offset: one for offset, (one, other) in enumerate(pairs) if one != other}
    segments = _select_segments(candidate, differing)
    for number, offset in enumerate(sorted(differing, reverse=True), 1):
        segments[offset] = "{{id}}" if number == 1 else f"{{{{id{number}}}}}"
    return "/".join(reversed(segments))


def _select_segments(candidate: Candidate, differing: Mapping[int, str]) -> list[str]:
    """Return the segments of the path, last one first, as the user wrote them.

    Where a variable holds what differs, they are those after substitution.
    """
    written, substituted = (_split(each) for each in (candidate.example.request.path, candidate.request.path))
    are_written = all(
        offset < len(written) and _normalize(written[offset]) == text for offset, text in differing.items()
    )
    return written if are_written else substituted


def _split(path: bytes) -> list[str]:
    return trim(text_from_bytes(path)).split("/")[::-1]


def _normalize(segment: str) -> str:
    return normalize_path(b"/" + segment.encode("utf-8", "surrogateescape"))[1:]
