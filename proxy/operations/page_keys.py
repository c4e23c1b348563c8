"""The keys of pages, where lists are ordered by id and people give a name or the end of an id."""

from __future__ import annotations

from collections.abc import Callable

from understudy.store.errors import NotFound
from understudy.store.model.ids import is_own_id
from understudy.store.model.values import replace
from understudy.store.repositories.paging import PageRequest


def find_keys(request: PageRequest[str], find_id: Callable[[str], str]) -> PageRequest[str]:
    """Return the request with ids as its keys; `find_id` returns the id of what a text names, or raises NotFound.

    An id that nothing has is a key too: what had it may have been deleted since the page before. Raises NotFound for
    any other text that names nothing.
    """
    after, before = (text and _find_key(text, find_id) for text in (request.after, request.before))
    return replace(request, after=after, before=before)


def _find_key(text: str, find_id: Callable[[str], str]) -> str:
    try:
        return find_id(text)
    except NotFound:
        if is_own_id(text):
            return text
        raise
