"""A request in its normal forms and look-up keys, each computed once, most of them only when needed."""

from __future__ import annotations

from functools import cached_property

from understudy.matcher import normal_forms
from understudy.matcher.body_forms import canonical
from understudy.matcher.body_forms.canonical import BodyDigest
from understudy.matcher.body_forms.forms import MAX_PAIRS
from understudy.matcher.body_forms.open_places import Places
from understudy.matcher.mock_headers import NO_SELECTORS, Selectors
from understudy.matcher.parts import headers, paths, queries
from understudy.matcher.parts.bodies import UNREADABLE, parse_comparable, select_ignored_fields
from understudy.matcher.parts.headers import HeaderNames, HeaderValues
from understudy.matcher.parts.queries import Pairs, QueryKey
from understudy.matcher.settings import MatchSettings, QueryRule
from understudy.store.model.messages import Origin, Request


class NormalRequest:
    """One request under the settings of one index.

    The request's body must be bytes if it is compared. `methods` are the methods whose examples may answer it,
    `selectors` its selector headers, `names` the headers that the settings compare. `body_digests` caches the digests
    of its body by the places left open.
    """

    def __init__(
        self,
        request: Request,
        settings: MatchSettings,
        methods: tuple[str, ...],
        selectors: Selectors = NO_SELECTORS,
        names: HeaderNames | None = None,
        body_digests: dict[Places, BodyDigest] | None = None,
    ) -> None:
        self.original = request
        self.settings = settings
        self.methods = methods
        self.selectors = selectors
        self.header_names = settings.list_compared_headers() if names is None else names
        path, _, query = request.target.partition(b"?")
        self.path = normal_forms.normalize_path(path)
        off = not query or settings.query is QueryRule.OFF
        self.pairs: Pairs = (
            () if off else queries.select_pairs(query, settings.ignore_query, ordered=settings.ordered_query)
        )
        self._body: bytes | None = None
        self.body_digests: dict[Places, BodyDigest] = {} if body_digests is None else body_digests

    def change_methods(self, methods: tuple[str, ...]) -> NormalRequest:
        """Return the same request for the examples of other methods; the digests of its body are kept."""
        if methods == self.methods:
            return self
        return NormalRequest(
            self.original, self.settings, methods, self.selectors, self.header_names, self.body_digests
        )

    def change_settings(self, settings: MatchSettings) -> NormalRequest:
        """Return the same request under settings that differ only in how paths fit."""
        return NormalRequest(
            self.original, settings, self.methods, self.selectors, self.header_names, self.body_digests
        )

    @property
    def origin(self) -> Origin | None:
        """The normal form of the origin, or None."""
        return self.original.origin.normal if self.original.origin else None

    @cached_property
    def folded_segments(self) -> tuple[str, ...]:
        """The path's segments without case and trailing slashes."""
        return paths.split_segments(normal_forms.fold(self.path))

    @cached_property
    def folded_pairs(self) -> Pairs:
        """The query's pairs without case."""
        return queries.fold_pairs(self.pairs)

    @cached_property
    def repeats(self) -> Pairs:
        """The query's pairs of repeated names, in their order."""
        if len(self.pairs) < 2 or len({name for name, _ in self.pairs}) == len(self.pairs):
            return ()
        return queries.find_repeats(queries.select_pairs(self.original.query, self.settings.ignore_query, ordered=True))

    @cached_property
    def header_values(self) -> HeaderValues:
        """The values of the headers that are compared."""
        return headers.read_header_values(self.original.headers, self.header_names)

    @property
    def body(self) -> bytes:
        """The body without its content codings."""
        if self._body is None:
            body = self.original.body
            assert isinstance(body, bytes), "the body of a request must be bytes to be compared"
            self._body = canonical.undo_codings(body, self.original.headers)
        return self._body

    def explain_body(self, places: Places) -> str:
        """Return why the body is not compared as its media type suggests; "" if it is."""
        return self._coding_note or canonical.explain_kind(
            self.digest_body(places), len(self.body), self.original.headers
        )

    @cached_property
    def _coding_note(self) -> str:
        raw = self.original.body
        return canonical.explain_codings(raw, self.original.headers) if self.body is raw else ""

    @property
    def content_type(self) -> str | None:
        """The request's Content-Type, or None."""
        return self.original.headers.get("content-type")

    @cached_property
    def form_pairs(self) -> Pairs:
        """The pairs of a form body that count; () if there are too many to compare them as a form."""
        if self.body.count(b"&") > MAX_PAIRS:
            return ()
        return queries.select_pairs(self.body, select_ignored_fields(self.settings))

    @cached_property
    def json_value(self) -> object:
        """The exact value of a JSON body, or `UNREADABLE`."""
        try:
            return parse_comparable(self.body)
        except (ValueError, RecursionError):
            return UNREADABLE

    def build_query_key(self, open_names: frozenset[str]) -> QueryKey:
        """Return the key of equal queries, with the values of these names left open."""
        return queries.build_query_key(self.pairs, open_names)

    def build_folded_query_key(self, open_names: frozenset[str]) -> QueryKey:
        """Return the key of queries that are equal without case; `open_names` must be folded too."""
        return queries.build_query_key(self.folded_pairs, open_names)

    def build_header_key(self, open_names: frozenset[str]) -> HeaderValues:
        """Return the key of equal headers, with the values of these names left open; () if headers are not compared."""
        return headers.build_header_key(self.header_values, self.header_names, open_names) if self.header_names else ()

    def build_body_key(self, places: Places) -> bytes:
        """Return the key of equal bodies, with these places left open; b"" if bodies are not compared."""
        if not self.settings.body:
            return b""
        return self.digest_body(places).key

    def digest_body(self, places: Places) -> BodyDigest:
        """Return kind and key of the body, with these places left open; computed once for each set of places."""
        found = self.body_digests.get(places)
        if found is None:
            found = self.body_digests[places] = canonical.digest_body(self.body, self.content_type, places)
        return found
