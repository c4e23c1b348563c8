"""How alike two segments of a path are: 1 - Levenshtein / longer length (spec, step 4), with cheap refusals first."""

from __future__ import annotations

from understudy.matcher.scores import MAX_SEGMENT_LENGTH, MIN_SIMILARITY


def is_similar(one: str, other: str) -> bool:
    """Whether two segments are alike enough, neither of them too long to tell."""
    allowed = compute_allowed_edits(len(one), len(other))
    if allowed is None or abs(len(one) - len(other)) > allowed:
        return False
    mine, theirs = set(one), set(other)
    # A letter that only one of them has takes an edit, and one edit mends one such letter on either side.
    if len(mine - theirs) > allowed or len(theirs - mine) > allowed:
        return False
    return levenshtein(one, other) <= allowed


def compute_allowed_edits(length: int, other: int) -> int | None:
    """How many letters may differ between alike segments of these lengths; None if one is too long to tell."""
    longer = length if length > other else other
    return int(longer * (1 - MIN_SIMILARITY)) if longer <= MAX_SEGMENT_LENGTH else None


def measure_common_prefix(one: str, other: str) -> int:
    """How many characters two texts begin with together, found by halving: linear, without a loop over characters."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def levenshtein(one: str, other: str) -> int:
    """How many letters must be put in, taken out or changed to turn one text into the other.

    A column of the table of distances is held in the bits of two integers (Myers, J. ACM 46:395, 1999; Hyyrö, 2001).
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
