"""The protocol of short ids: endings by which people name what has an id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from understudy.store.model.ids import IdKind


class Ids(Protocol):
    """The ids of all that has one. Where a method finds something by an id, it takes such an ending too."""

    def shorten(self, kind: IdKind, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the shortest ending of each id that nothing else of its kind has, see `find_shortest_endings`."""
        ...
