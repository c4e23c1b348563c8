"""What a comparison looks at: the match settings, and the sets of them that the product uses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from understudy.store.model.collections import Example
from understudy.store.model.mock_servers import Matching

OWN_HEADER_PREFIXES = ("x-mock-", "x-understudy-")
"""Header fields whose names begin so speak to Understudy, not to the API."""
KEY_HEADERS = frozenset({"x-api-key", "x-understudy-key"})
"""Either of them may hold the key of a private mock server."""


class QueryRule(StrEnum):
    """What an unequal query means: fewer points, out, or nothing at all."""

    PREFER = "prefer"
    REQUIRE = "require"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """How requests and examples are compared (spec/matching.md, steps 3 to 6).

    `headers`, `body` and `host` filter; `host` compares the request's origin with the one the example was recorded
    from. `subset` lets a JSON or form body hold more than the example's. The names in `ignore_query`, `ignore_headers`
    and the JSON paths in `ignore_json` do not count on either side. `exact_path` leaves only the path table's first
    line. `selectors`: whether `x-mock-*` headers of a request are obeyed. `key_headers` carry the key of a private mock
    server, and are never compared.
    """

    wildcards: bool = True
    ids: bool = True
    distance: bool = True
    query: QueryRule = QueryRule.PREFER
    ignore_query: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    ignore_headers: frozenset[str] = frozenset()
    body: bool = False
    subset: bool = False
    ignore_json: frozenset[str] = frozenset()
    host: bool = False
    exact_path: bool = False
    selectors: bool = True
    key_headers: frozenset[str] = KEY_HEADERS

    def list_compared_headers(self) -> tuple[str, ...]:
        """The names of the headers that filter, in lower case and in order; ours are taken off before matching."""
        if not self.headers:
            return ()
        dropped = {name.lower() for name in self.ignore_headers | self.key_headers}
        names = {name.strip().lower() for name in self.headers} - dropped
        return tuple(sorted(name for name in names if not name.startswith(OWN_HEADER_PREFIXES)))


POSTMAN = MatchSettings()
"""What authored and imported collections start with."""
PROMOTED = replace(POSTMAN, distance=False)
"""What promoted collections start with."""
STRICT = MatchSettings(
    wildcards=False,
    ids=False,
    distance=False,
    query=QueryRule.REQUIRE,
    body=True,
    host=True,
    exact_path=True,
    selectors=False,
)
"""Replay of a session: path as it is, query and body equal, host compared."""


def settings_from_matching(matching: Matching, examples: Iterable[Example], *, private: bool = False) -> MatchSettings:
    """The settings of a mock server: `matching`, and where that leaves it open what its examples usually take.

    To a public one an `x-api-key` is the API's own, compared as any other header.
    """
    usual = choose_default_settings(examples).distance if matching.distance is None else matching.distance
    return MatchSettings(
        wildcards=matching.wildcards,
        ids=matching.ids,
        distance=usual,
        query=QueryRule(matching.query),
        ignore_query=matching.ignore_query,
        headers=matching.headers,
        ignore_headers=matching.ignore_headers,
        body=matching.body,
        subset=matching.subset,
        ignore_json=matching.ignore_json,
        key_headers=KEY_HEADERS if private else KEY_HEADERS - {"x-api-key"},
    )


def choose_default_settings(examples: Iterable[Example]) -> MatchSettings:
    """The settings a collection starts with: distance only where nothing in it was recorded."""
    return PROMOTED if any(example.literal or example.fingerprint for example in examples) else POSTMAN
