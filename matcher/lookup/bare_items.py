"""Request items without an example: a miss on one names it (docs/matching.md, "Misses")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.settings import MatchSettings, QueryRule
from understudy.matcher.variables import Variables
from understudy.store.model.collections import Example
from understudy.store.model.messages import Request, Response

# Items are compared by path alone, by Postman's rules: without an example, no other part can matter.
BY_PATH = MatchSettings(query=QueryRule.OFF, distance=False, selectors=False)


@dataclass(frozen=True, slots=True)
class BareItem:
    """A request item that has no example. `path` is a target as it was typed in, with `{{name}}` and `:name`."""

    method: str
    path: str
    name: str


def compile_bare_items(items: Iterable[BareItem], variables: Variables) -> tuple[Candidate, ...]:
    """Compile request items into candidates that can be compared by path."""
    return tuple(Candidate.of((_build_example(item),), BY_PATH, variables=variables) for item in items)


def _build_example(item: BareItem) -> Example:
    request = Request(item.method, item.path.encode("utf-8", "surrogateescape"))
    return Example("", "", "", item.name, request, Response(404), literal=False)
