"""A request as it is asked about: its normal forms and keys, each worked out once, most of them only when needed."""

from __future__ import annotations

from functools import cached_property

from matcher import bodies, normal, paths, queries
from matcher.bodies import Places
from matcher.queries import Key, Pairs
from matcher.settings import MatchSettings, QueryRule
from store.messages import Request


class Asked:
    """One request under the settings of one index. Its body must be bytes; `methods` are those that answer it."""

    def __init__(self, request: Request, settings: MatchSettings, methods: tuple[str, ...]) -> None:
        self.request = request
        self.settings = settings
        self.methods = methods
        self.text = normal.path_text(request.path)
        off = settings.query is QueryRule.OFF
        self.pairs: Pairs = () if off else queries.request_pairs(request.query, settings.ignore_query)
        self._body_keys: dict[Places, bytes] = {}

    @cached_property
    def folded_segments(self) -> tuple[str, ...]:
        """The path's segments without case and trailing slashes."""
        return paths.segments(normal.fold(self.text))

    @cached_property
    def folded_pairs(self) -> Pairs:
        """The query's pairs without case."""
        return queries.folded(self.pairs)

    def query_key(self, any_value: frozenset[str]) -> Key:
        """The key of equal queries in which the values of these names are left open."""
        return queries.key(self.pairs, any_value)

    def folded_query_key(self, any_value: frozenset[str]) -> Key:
        """The same, of queries that are equal when case is ignored; `any_value` is folded too."""
        return queries.key(self.folded_pairs, any_value)

    def body_key(self, places: Places) -> bytes:
        """The key of equal bodies in which these places are left open; b"" when bodies are not compared."""
        if not self.settings.body:
            return b""
        if places not in self._body_keys:
            body = self.request.body
            assert isinstance(body, bytes), "a request to decide on has its body as bytes"
            self._body_keys[places] = bodies.body_key(body, self.request.headers, places)
        return self._body_keys[places]
