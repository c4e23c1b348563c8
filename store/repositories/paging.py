"""Pages of lists: a list is read page by page, forward and back, by the keys of its order.

A key is what a list is ordered by: a name, an id, or a position with an id. Items that are added or deleted between two
pages neither repeat nor hide others, as they would if pages were counted off from the start of the list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from understudy.store.errors import UserError

Key = TypeVar("Key")
Item = TypeVar("Item")
Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class PageRequest(Generic[Key]):
    """Which items of a list: the first ones, those after a key, or the last ones before a key.

    At most `limit` items, all if it is None. The keys are excluded, and need not be in the list. Raises UserError for
    both keys, and for a limit below 1.
    """

    limit: int | None = None
    after: Key | None = None
    before: Key | None = None

    def __post_init__(self) -> None:
        if self.after is not None and self.before is not None:
            raise UserError("choose a page after a key or before one, not both", field="before")
        if self.limit is not None and self.limit < 1:
            raise UserError(f"takes a number from 1 on, got {self.limit}", field="limit")

    @property
    def is_backward(self) -> bool:
        """Whether the page ends where the key is, and does not begin there."""
        return self.before is not None


WHOLE_LIST: PageRequest[Any] = PageRequest()
"""All items."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item, Key]):
    """Items in the order of their list.

    `previous` is the key before which the list goes on, the first one of the page, and `next` the key after which it
    does, the last one; each is None if there are no more items there. A page without items has neither.
    """

    items: Sequence[Item]
    previous: Key | None = None
    next: Key | None = None

    def convert(self, show: Callable[[Item], Shown]) -> Page[Shown, Key]:
        """Return the page with each item in another form."""
        return Page([show(item) for item in self.items], self.previous, self.next)
