"""The similarity of two segments of a path, 1 - Levenshtein / longer length (docs/matching.md, "Path")."""

from __future__ import annotations

from understudy.matcher.scores import MAX_SEGMENT_LENGTH, MIN_SIMILARITY


def measure_similarity(one: str, other: str) -> float | None:
    """Return how much alike two segments are, from 0.75 to 1; None if they are too different, or one is too long."""
    allowed = compute_allowed_edits(len(one), len(other))
    if allowed is None or abs(len(one) - len(other)) > allowed:
        return None
    mine, theirs = set(one), set(other)
    # Each letter that only one of them has needs an edit, and one edit removes at most one such letter on each side.
    if len(mine - theirs) > allowed or len(theirs - mine) > allowed:
        return None
    edits = levenshtein(one, other)
    return 1 - edits / max(len(one), len(other), 1) if edits <= allowed else None


def compute_allowed_edits(length: int, other: int) -> int | None:
    """Return how many letters may differ between segments of these lengths; None if one of them is too long."""
    longer = length if length > other else other
    return int(longer * (1 - MIN_SIMILARITY)) if longer <= MAX_SEGMENT_LENGTH else None


def measure_common_prefix(one: str, other: str) -> int:
    """Return the length of the common prefix of two texts, by bisection: linear, without a loop over characters."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def levenshtein(one: str, other: str) -> int:
    """Return the number of letters to insert, delete or change to turn one text into the other.

    The bits of two integers hold one column of the distance table (Myers, J. ACM 46:395, 1999; Hyyrö, 2001).
    """
    if not one:
        return len(other)
    places: dict[str, int] = {}
    for at, letter in enumerate(one):
        places[letter] = places.get(letter, 0) | 1 << at
    last, every = 1 << (len(one) - 1), (1 << len(one)) - 1
    more, less, distance = every, 0, len(one)
    for letter in other:
        equal = places.get(letter, 0)
        vertical = equal | less
        horizontal = (((equal & more) + more) ^ more) | equal
        up = less | ~(horizontal | more)
        down = more & horizontal
        distance += bool(up & last) - bool(down & last)
        up = (up << 1) | 1
        more = ((down << 1) | ~(vertical | up)) & every
        less = up & vertical & every
    return distance
