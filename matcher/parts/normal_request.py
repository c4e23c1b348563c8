"""A request as it is asked about: its normal forms and keys, each worked out once, most of them only when needed."""

from __future__ import annotations

from functools import cached_property

from understudy.matcher import normal_forms
from understudy.matcher.body_forms import canonical
from understudy.matcher.body_forms.canonical import BodyDigest
from understudy.matcher.body_forms.forms import MAX_PAIRS
from understudy.matcher.body_forms.open_places import Places
from understudy.matcher.mock_headers import NO_SELECTORS, Selectors
from understudy.matcher.parts import headers, paths, queries
from understudy.matcher.parts.bodies import UNREADABLE, parse_comparable
from understudy.matcher.parts.headers import HeaderNames, HeaderValues
from understudy.matcher.parts.queries import Pairs, QueryKey
from understudy.matcher.settings import MatchSettings, QueryRule
from understudy.store.model.messages import Request


class NormalRequest:
    """One request under the settings of one index. Its body must be bytes; `methods` are those that answer it.

    `chosen` is what its selector headers ask for; `names` are the headers that the settings compare; `readings` those
    of its body that are known already.
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
        self.pairs: Pairs = () if off else queries.select_pairs(query, settings.ignore_query)
        self._body: bytes | None = None
        self.body_digests: dict[Places, BodyDigest] = {} if body_digests is None else body_digests

    def change_methods(self, methods: tuple[str, ...]) -> NormalRequest:
        """The same request among the examples of other methods; what is known of its body stays known."""
        if methods == self.methods:
            return self
        return NormalRequest(
            self.original, self.settings, methods, self.selectors, self.header_names, self.body_digests
        )

    @cached_property
    def folded_segments(self) -> tuple[str, ...]:
        """The path's segments without case and trailing slashes."""
        return paths.split_segments(normal_forms.fold(self.path))

    @cached_property
    def folded_pairs(self) -> Pairs:
        """The query's pairs without case."""
        return queries.fold_pairs(self.pairs)

    @cached_property
    def header_values(self) -> HeaderValues:
        """The values of the headers that are compared."""
        return headers.read_header_values(self.original.headers, self.header_names)

    @property
    def body(self) -> bytes:
        """The body without its content codings."""
        if self._body is None:
            body = self.original.body
            assert isinstance(body, bytes), "a request to decide on has its body as bytes"
            self._body = canonical.undo_codings(body, self.original.headers)
        return self._body

    def explain_body(self, places: Places) -> str:
        """Why the body is not compared as what its headers say; "" if it is."""
        return self._coding_note or canonical.explain_kind(
            self.digest_body(places), len(self.body), self.original.headers
        )

    @cached_property
    def _coding_note(self) -> str:
        raw = self.original.body
        return canonical.explain_codings(raw, self.original.headers) if self.body is raw else ""

    @property
    def content_type(self) -> str | None:
        """What the request says its body is."""
        return self.original.headers.get("content-type")

    @cached_property
    def form_pairs(self) -> Pairs:
        """The pairs of a body that is a form; none of one that is too long to be compared as such."""
        return () if self.body.count(b"&") > MAX_PAIRS else normal_forms.parse_query_pairs(self.body)

    @cached_property
    def json_value(self) -> object:
        """The body's exact value, or `UNREADABLE`."""
        try:
            return parse_comparable(self.body)
        except (ValueError, RecursionError):
            return UNREADABLE

    def build_query_key(self, open_names: frozenset[str]) -> QueryKey:
        """The key of equal queries in which the values of these names are left open."""
        return queries.build_query_key(self.pairs, open_names)

    def build_folded_query_key(self, open_names: frozenset[str]) -> QueryKey:
        """The same, of queries that are equal when case is ignored; `any_value` is folded too."""
        return queries.build_query_key(self.folded_pairs, open_names)

    def build_header_key(self, open_names: frozenset[str]) -> HeaderValues:
        """The key of equal headers in which the values of these names are left open; () if none are compared."""
        return headers.build_header_key(self.header_values, self.header_names, open_names) if self.header_names else ()

    def build_body_key(self, places: Places) -> bytes:
        """The key of equal bodies in which these places are left open; b"" when bodies are not compared."""
        if not self.settings.body:
            return b""
        return self.digest_body(places).key

    def digest_body(self, places: Places) -> BodyDigest:
        """What the body is, when these places are left open: read once, however often it is asked about."""
        found = self.body_digests.get(places)
        if found is None:
            found = self.body_digests[places] = canonical.digest_body(self.body, self.content_type, places)
        return found
