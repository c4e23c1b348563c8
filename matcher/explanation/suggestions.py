"""What would make a miss a hit, as hints that name settings and changes of examples."""

from __future__ import annotations

from understudy.matcher.decision import Decision
from understudy.matcher.normal_forms import normalize_path, text_from_bytes
from understudy.store.errors import Hint


def suggest_ids(decision: Decision) -> Hint | None:
    """Return how a miss would be answered by ids: the example, and the path template that says the same; or None."""
    match = decision.find_match_by_ids()
    if match is None:
        return None
    path = _make_template(match.candidate.request.path, decision.request.path)
    return Hint("find_by_ids", {"example": match.candidate.id, "path": path})


def _make_template(path: bytes, other: bytes) -> str:
    """Return a path with a wildcard in the place of each segment that differs from the other path."""
    raw, asked = (text_from_bytes(each).rstrip("/").split("/") for each in (path, other))
    segments, count = list[str](), 0
    for mine, theirs in zip(raw, asked, strict=True):
        differs = normalize_path(_encode(mine)) != normalize_path(_encode(theirs))
        count += differs
        name = "id" if count == 1 else f"id{count}"
        segments.append(f"{{{{{name}}}}}" if differs else mine)
    return "/".join(segments)


def _encode(segment: str) -> bytes:
    return b"/" + segment.encode("utf-8", "surrogateescape")
