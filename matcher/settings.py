"""The match settings: what a comparison looks at, and the sets of settings that the product uses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from understudy.store.model.mock_servers import Matching

OWN_HEADER_PREFIXES = ("x-mock-", "x-understudy-")
"""Header fields whose names begin with one of these are addressed to Understudy, not to the API."""
KEY_HEADERS = frozenset({"x-api-key", "x-understudy-key"})
"""Either of these headers may carry the key of a private mock server."""


class QueryRule(StrEnum):
    """The effect of an unequal query: fewer points, filtered out, or none at all."""

    PREFER = "prefer"
    REQUIRE = "require"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """How requests and examples are compared (docs/matching.md, "Settings").

    - `wildcards`, `ids`, `distance`: whether these lines of the path table are used; `exact_path` leaves only the
      first line and redacted segments. Where `ids` or `distance` is None, each example decides: one whose path is as
      it was recorded is not found by that line, every other one is.
    - `query`: what an unequal query means; `ignore_query` names parameters that do not count on either side;
      `ordered_query`: whether the order of the values of a repeated parameter counts.
    - `headers`: names of headers that filter, less those in `ignore_headers` and `key_headers` (headers that carry
      the key of a private mock server).
    - `body`: whether bodies filter. `subset` lets a JSON or form body contain more than the example's; `ignore_body`
      holds places that do not count on either side (`parse_ignored_place`).
    - `host`: whether the request's origin must be the one that the example was recorded from.
    - `selectors`: whether the `x-mock-*` headers of a request are obeyed.
    """

    wildcards: bool = True
    ids: bool | None = None
    distance: bool | None = None
    query: QueryRule = QueryRule.PREFER
    ignore_query: frozenset[str] = frozenset()
    ordered_query: bool = False
    headers: frozenset[str] = frozenset()
    ignore_headers: frozenset[str] = frozenset()
    body: bool = False
    subset: bool = False
    ignore_body: frozenset[str] = frozenset()
    host: bool = False
    exact_path: bool = False
    selectors: bool = True
    key_headers: frozenset[str] = KEY_HEADERS

    def uses_ids(self, *, recorded: bool) -> bool:
        """Return whether ids may make paths equal, for an example whose path is as it was `recorded`, or for others."""
        return not self.exact_path and (not recorded if self.ids is None else self.ids)

    def uses_distance(self, *, recorded: bool) -> bool:
        """Return whether a similar path fits, for an example whose path is as it was `recorded`, or for others."""
        return not self.exact_path and (not recorded if self.distance is None else self.distance)

    def list_compared_headers(self) -> tuple[str, ...]:
        """Return the sorted names of the headers that filter, in lower case, without those addressed to Understudy."""
        if not self.headers:
            return ()
        dropped = {name.lower() for name in self.ignore_headers | self.key_headers}
        names = {name.strip().lower() for name in self.headers} - dropped
        return tuple(sorted(name for name in names if not name.startswith(OWN_HEADER_PREFIXES)))


POSTMAN = MatchSettings()
"""The settings that every collection starts with."""
STRICT = MatchSettings(
    wildcards=False,
    ids=False,
    distance=False,
    query=QueryRule.REQUIRE,
    ordered_query=True,
    body=True,
    host=True,
    exact_path=True,
    selectors=False,
)
"""The settings of a replay: path as it is, query and body equal, host compared."""


def settings_from_matching(matching: Matching, *, private: bool = False) -> MatchSettings:
    """Return the settings of a mock server.

    On a public mock server (`private` is false) `x-api-key` belongs to the API, and is compared as any other header.
    """
    return MatchSettings(
        wildcards=matching.wildcards,
        ids=matching.ids,
        distance=matching.distance,
        query=QueryRule(matching.query),
        ignore_query=matching.ignore_query,
        headers=matching.headers,
        ignore_headers=matching.ignore_headers,
        body=matching.body,
        subset=matching.subset,
        ignore_body=matching.ignore_body,
        key_headers=KEY_HEADERS if private else KEY_HEADERS - {"x-api-key"},
    )
