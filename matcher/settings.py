"""What a comparison looks at: the match settings, and the two sets of them that the product uses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class QueryRule(StrEnum):
    """What an unequal query means: fewer points, out, or nothing at all."""

    PREFER = "prefer"
    REQUIRE = "require"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """How requests and examples are compared (spec/matching.md, steps 4 to 6).

    `ignore_query` names parameters that do not count on either side. `body` and `host` filter; `host` compares the
    request's origin with the one the example was recorded from. `exact_path` leaves only the table's first line.
    """

    wildcards: bool = True
    ids: bool = True
    query: QueryRule = QueryRule.PREFER
    ignore_query: frozenset[str] = frozenset()
    body: bool = False
    host: bool = False
    exact_path: bool = False


POSTMAN = MatchSettings()
STRICT = MatchSettings(wildcards=False, ids=False, query=QueryRule.REQUIRE, body=True, host=True, exact_path=True)
"""Replay of a session: path as it is, query and body equal, host compared."""
