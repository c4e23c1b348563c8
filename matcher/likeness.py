"""How alike two segments of a path are: 1 - Levenshtein / longer length (spec, step 4), with cheap refusals first."""

from __future__ import annotations

from matcher.scores import ALIKE, LONGEST_ALIKE


def alike(one: str, other: str) -> bool:
    """Whether two segments are alike enough, neither of them too long to tell."""
    if not may_be_alike(len(one), letters(one), len(other), letters(other)):
        return False
    return levenshtein(one, other) <= int(max(len(one), len(other)) * (1 - ALIKE))


def letters(text: str) -> int:
    """Which letters a text has, as bits; two letters may share one."""
    mask = 0
    for letter in set(text):
        mask |= 1 << (ord(letter) & 63)
    return mask


def may_be_alike(length: int, mask: int, other_length: int, other_mask: int) -> bool:
    """Whether two segments can be alike, told from their lengths and letters alone.

    Each letter that only one of them has takes an edit, and one edit mends one such letter on either side at most.
    """
    longer = length if length > other_length else other_length
    allowed = int(longer * (1 - ALIKE))
    return (
        longer <= LONGEST_ALIKE
        and -allowed <= length - other_length <= allowed
        and (mask & ~other_mask).bit_count() <= allowed
        and (other_mask & ~mask).bit_count() <= allowed
    )


def common_start(one: str, other: str) -> int:
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
