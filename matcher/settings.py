"""The match settings: what a comparison looks at, and the sets of settings that the product uses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from understudy.store.model.mock_servers import Matching
from understudy.store.model.values import replace

OWN_HEADER_PREFIXES = ("x-mock-", "x-understudy-")
"""Header fields whose names begin with one of these are addressed to Understudy, not to the API."""
KEY_HEADERS = frozenset({"x-api-key", "x-understudy-key"})
"""Either of these headers may carry the key of a private mock server."""


class QueryRule(StrEnum):
    """The effect of an unequal query: fewer points, filtered out, or none at all.

    EXACT also filters out a query that is equal only without case: a replay must not confuse two tokens.
    """

    PREFER = "prefer"
    REQUIRE = "require"
    OFF = "off"
    EXACT = "exact"


class MatchRule(StrEnum):
    """The effect of an unequal body, or of unequal headers: it breaks ties, it filters out, or it has none."""

    PREFER = "prefer"
    REQUIRE = "require"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """How requests and examples are compared (docs/matching.md, "Settings").

    - `wildcards`, `ids`, `distance`: whether these lines of the path table are used; `exact_path` leaves only the
      first line. Where `ids` or `distance` is None, each example decides: one whose path is as
      it was recorded is not found by that line, every other one is.
    - `query`: what an unequal query means; `ignore_query` names parameters that do not count on either side;
      `ordered_query`: whether the order of the values of a repeated parameter counts.
    - `headers`: names of headers that filter, less those in `ignore_headers` and `key_headers` (headers that carry
      the key of a private mock server). `prefer_headers`: whether negotiating headers break ties, those in
      `preferred_headers` before the others.
    - `body`: whether bodies filter. `prefer_body`: whether equal bodies and operations break ties. `subset` lets a JSON
      or form body contain more than the example's; `ignore_body` holds places that do not count on either side
      (`parse_ignored_place`).
    - `eligibility`: whether an answer that makes sense to one question alone is given to that question alone.
    - `spy`: whether the negotiating headers that an example's `Vary` names filter, and the `id` of a JSON-RPC message
      does not count.
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
    prefer_body: bool = True
    prefer_headers: bool = True
    preferred_headers: frozenset[str] = frozenset()
    subset: bool = False
    ignore_body: frozenset[str] = frozenset()
    host: bool = False
    exact_path: bool = False
    selectors: bool = True
    eligibility: bool = True
    spy: bool = False
    key_headers: frozenset[str] = KEY_HEADERS

    @property
    def looks_at_body(self) -> bool:
        """Whether bodies filter or break ties."""
        return self.body or self.prefer_body

    def uses_ids(self, *, recorded: bool) -> bool:
        """Return whether ids may make paths equal, for an example whose path is as it was `recorded`, or for others."""
        return not self.exact_path and (not recorded if self.ids is None else self.ids)

    def uses_distance(self, *, recorded: bool) -> bool:
        """Return whether a similar path fits, for an example whose path is as it was `recorded`, or for others."""
        return not self.exact_path and (not recorded if self.distance is None else self.distance)

    def list_compared_headers(self) -> tuple[str, ...]:
        """Return the sorted names of the headers that filter, in lower case, without those addressed to Understudy."""
        return self._list_headers(self.headers)

    def list_preferred_headers(self) -> tuple[str, ...]:
        """Return the sorted names of the listed headers that break ties, in lower case, as `list_compared_headers`."""
        return self._list_headers(self.preferred_headers)

    def _list_headers(self, listed: frozenset[str]) -> tuple[str, ...]:
        if not listed:
            return ()
        dropped = {name.lower() for name in self.ignore_headers | self.key_headers}
        names = {name.strip().lower() for name in listed} - dropped
        return tuple(sorted(name for name in names if not name.startswith(OWN_HEADER_PREFIXES)))


POSTMAN = MatchSettings()
"""The settings that every collection starts with."""
STRICT = MatchSettings(
    wildcards=False,
    ids=False,
    distance=False,
    query=QueryRule.EXACT,
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
        headers=matching.headers if matching.header_rule == MatchRule.REQUIRE else frozenset(),
        preferred_headers=matching.headers if matching.header_rule == MatchRule.PREFER else frozenset(),
        prefer_headers=matching.header_rule != MatchRule.OFF,
        ignore_headers=matching.ignore_headers,
        body=matching.body == MatchRule.REQUIRE,
        prefer_body=matching.body != MatchRule.OFF,
        subset=matching.subset,
        ignore_body=matching.ignore_body,
        key_headers=KEY_HEADERS if private else KEY_HEADERS - {"x-api-key"},
    )


def make_spy_settings(settings: MatchSettings) -> MatchSettings:
    """Return the settings of spy mode: an example answers only a request that is equal in every part that counts."""
    return replace(
        settings,
        ids=False,
        distance=False,
        query=QueryRule.EXACT,
        body=True,
        subset=False,
        spy=True,
    )
