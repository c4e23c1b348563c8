"""What would make a miss of a replay a hit: the places that a setting can leave out of the comparison."""

from __future__ import annotations

from understudy.matcher.decision import Decision, Difference
from understudy.matcher.explanation.body_differences import MAX_PLACES
from understudy.matcher.scores import RequestPart
from understudy.store.errors import Hint

_SETTINGS = {RequestPart.QUERY: "query", RequestPart.HEADERS: "header", RequestPart.BODY: "body"}


def suggest_ignored_places(decision: Decision) -> Hint | None:
    """Return the places by which alone the nearest example differs, `query`, `header` and `body` with one
    name a line.

    None if anything else differs, or more places than a user would leave out one by one.
    """
    misses = decision.find_near_misses()
    differences = misses[0].differences if misses else ()
    if not differences or not all(map(_can_be_ignored, differences)):
        return None
    return Hint("ignore_places", {_SETTINGS[each.part]: "\n".join(each.places) for each in differences})


def _can_be_ignored(difference: Difference) -> bool:
    places = difference.places
    is_whole = 0 < len(places) < MAX_PLACES and not any(place.endswith("…") for place in places)
    return difference.part in _SETTINGS and is_whole
