"""The examples of an index one by one, by id and by name, for requests that name one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import attrgetter

from understudy.matcher.lookup import persistent_list
from understudy.matcher.lookup.persistent_list import SortedItems
from understudy.matcher.lookup.persistent_map import PersistentMap, update_by_key
from understudy.matcher.parts.candidate import Candidate
from understudy.store.model.ids import OrderKey, compute_order_key
from understudy.store.model.messages import Origin
from understudy.store.model.values import replace

NameKey = tuple[str, Origin | None, str]  # method, origin if hosts are compared, and name
_ID = attrgetter("id")


class NamedExamples:
    """Candidates of one example each. Immutable, but for the look-up by name, which the first search builds."""

    __slots__ = ("_by_id", "_by_name", "_host")

    def __init__(self, *, host: bool) -> None:
        self._host = host
        self._by_id: PersistentMap[str, Candidate] = PersistentMap()
        self._by_name: PersistentMap[NameKey, SortedItems[Candidate]] | None = None

    def apply_changes(self, removed: Iterable[Candidate], added: Iterable[Candidate]) -> NamedExamples:
        """Return the look-up without the examples of the `removed` candidates and with those of the `added` ones."""
        old = [candidate for each in removed for example in each.examples if (candidate := self._by_id.get(example.id))]
        new = [_select_example(each, number) for each in added for number in range(len(each.examples))]
        after = NamedExamples(host=self._host)
        after._by_id = self._by_id.replace_entries(
            dict.fromkeys(map(_ID, old)) | {candidate.id: candidate for candidate in new}
        )
        if self._by_name is not None:
            after._by_name = self._update_names(self._by_name, old, new)
        return after

    def find_by_id(self, ids: Iterable[str]) -> Candidate | None:
        """Return the example with the first of these ids that exists, or None."""
        return next(filter(None, map(self._by_id.get, ids)), None)

    def find_by_name(self, method: str, origin: Origin | None, name: str) -> Candidate | None:
        """Return the example with the lowest id among those of this name, method and host, or None."""
        if self._by_name is None:
            self._by_name = self._update_names(PersistentMap(), (), list(self._by_id.values()))
        found = self._by_name.get((method, origin if self._host else None, name.strip()))
        return None if found is None else persistent_list.get_lowest(found)

    def _update_names(
        self,
        known: PersistentMap[NameKey, SortedItems[Candidate]],
        removed: Collection[Candidate],
        added: Collection[Candidate],
    ) -> PersistentMap[NameKey, SortedItems[Candidate]]:
        return update_by_key(
            known,
            removed,
            added,
            self._get_name_key,
            lambda items, old, new: persistent_list.update_items(items or (), old, new, _compute_order) or None,
        )

    def _get_name_key(self, candidate: Candidate) -> NameKey:
        # White space around the value of a header is lost on its way (RFC 9110, section 5.5).
        return candidate.method, candidate.origin if self._host else None, candidate.example.name.strip()


def _select_example(candidate: Candidate, number: int) -> Candidate:
    examples = candidate.examples
    return candidate if len(examples) == 1 else replace(candidate, examples=examples[number : number + 1])


def _compute_order(candidate: Candidate) -> OrderKey:
    return compute_order_key(candidate.id)
