"""Whether each of some things can have a partner of its own: matching in a bipartite graph."""

from __future__ import annotations

from collections.abc import Sequence


def can_assign(fitting: Sequence[Sequence[int]]) -> bool:
    """Return whether each row can have one of its numbers for itself (augmenting paths, as in Kuhn's algorithm)."""
    owners: dict[int, int] = {}

    def assign(row: int, seen: set[int]) -> bool:
        for number in fitting[row]:
            if number not in seen:
                seen.add(number)
                if number not in owners or assign(owners[number], seen):
                    owners[number] = row
                    return True
        return False

    return all(assign(row, set()) for row in range(len(fitting)))
