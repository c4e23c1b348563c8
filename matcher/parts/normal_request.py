"""A request in its normal forms and look-up keys, each computed once, most of them only when needed."""

from __future__ import annotations

from functools import cached_property

from understudy.matcher import normal_forms
from understudy.matcher.body_forms import body_trees, canonical, codings
from understudy.matcher.body_forms.canonical import BodyDigest
from understudy.matcher.body_forms.forms import MAX_PAIRS
from understudy.matcher.body_forms.kinds import BodyKind, BodyType, Reading, parse_body_type
from understudy.matcher.body_forms.open_places import Places
from understudy.matcher.mock_headers import NO_SELECTORS, Selectors
from understudy.matcher.parts import headers, paths, queries
from understudy.matcher.parts.bodies import BodyShape, select_ignored_fields
from understudy.matcher.parts.byte_ranges import RequestedRange, parse_range
from understudy.matcher.parts.eligibility import TermKey, TermKind
from understudy.matcher.parts.headers import HeaderNames, HeaderValues, OpenHeaders
from understudy.matcher.parts.negotiation import HeaderTexts, read_exact_values
from understudy.matcher.parts.operations import Operation, find_operation
from understudy.matcher.parts.queries import Pairs, QueryKey
from understudy.matcher.settings import MatchSettings, QueryRule
from understudy.store.model.messages import Origin, Request

BodyDigests = dict[tuple[Reading, Places], BodyDigest]


class NormalRequest:
    """One request under the settings of one index.

    The request's body must be bytes if it is compared. `methods` are the methods whose examples may answer it,
    `selectors` its selector headers, `names` the headers that the settings compare. `body_digests` caches the digests
    of its body by reading and places left open.
    """

    def __init__(
        self,
        request: Request,
        settings: MatchSettings,
        methods: tuple[str, ...],
        selectors: Selectors = NO_SELECTORS,
        names: HeaderNames | None = None,
        body_digests: BodyDigests | None = None,
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
        self._type: tuple[str | None, BodyType] | None = None  # a cached_property would cost more than the parsing
        self._exact_values: dict[tuple[str, ...], HeaderTexts] = {}
        self._term_keys: dict[TermKind, TermKey | None] = {}
        self.body_digests: BodyDigests = {} if body_digests is None else body_digests

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
            self._body = codings.undo_codings(body, self.original.headers)
        return self._body

    @property
    def body_type(self) -> BodyType:
        """The type of the body, by the Content-Type alone."""
        return (self._type or self._read_type())[1]

    @property
    def content_type(self) -> str | None:
        """The request's Content-Type, or None."""
        return (self._type or self._read_type())[0]

    def _read_type(self) -> tuple[str | None, BodyType]:
        content_type = self.original.headers.get("content-type")
        self._type = content_type, parse_body_type(content_type)
        return self._type

    def explain_body(self, reading: Reading, places: Places) -> str:
        """Return why the body is not compared as its media type suggests; "" if it is."""
        digest = self.digest_body(reading, places)
        return self._coding_note or canonical.explain_kind(digest, reading, len(self.body), self.content_type)

    @cached_property
    def _coding_note(self) -> str:
        raw = self.original.body
        return codings.explain_codings(raw, self.original.headers) if self.body is raw else ""

    @cached_property
    def form_pairs(self) -> Pairs:
        """The pairs of a form body that count; () if there are too many to compare them as a form."""
        if self.body.count(b"&") > MAX_PAIRS:
            return ()
        return queries.select_pairs(self.body, select_ignored_fields(self.settings))

    def read_tree(self, kind: BodyKind, places: Places) -> object:
        """Return the body as nested values, with these places left open; computed once for each set of places."""
        found = self._trees.get((kind, places))
        if found is None:
            found = body_trees.read_tree(self.body, kind, self.content_type, places)
            self._trees[kind, places] = found
        return found

    @cached_property
    def _trees(self) -> dict[tuple[BodyKind, Places], object]:
        return {}

    @cached_property
    def requested_range(self) -> RequestedRange | None:
        """The one range of bytes that a GET asks for, or None: other methods have none (RFC 9110, section 14.2)."""
        if self.original.method != "GET":
            return None
        return parse_range(self.original.headers.get_all("range"))

    @cached_property
    def operation(self) -> Operation | None:
        """The operation that the request names, or None."""
        body = self.body if isinstance(self.original.body, bytes) else b""
        return find_operation(self.original.query, self.original.headers, body)

    def read_exact(self, names: tuple[str, ...]) -> HeaderTexts:
        """Return the values of these headers as they were sent."""
        found = self._exact_values.get(names)
        if found is None:
            found = self._exact_values[names] = read_exact_values(self.original.headers, names)
        return found

    def build_term_key(self, kind: TermKind) -> TermKey | None:
        """Return the key of the terms of this kind that the request has; None if it has none of them."""
        if kind not in self._term_keys:
            self._term_keys[kind] = self._build_term_key(kind)
        return self._term_keys[kind]

    def _build_term_key(self, kind: TermKind) -> TermKey | None:
        if kind.within and self.requested_range is None:
            return None
        values = read_exact_values(self.original.headers, kind.names)
        if not kind.operation:
            return values, ""
        operation = self.operation
        if operation is None:
            return None
        return values, operation.loose_key if kind.operation == "loose" else operation.key

    def build_query_key(self, open_names: frozenset[str]) -> QueryKey:
        """Return the key of equal queries, with the values of these names left open."""
        return queries.build_query_key(self.pairs, open_names)

    def build_folded_query_key(self, open_names: frozenset[str]) -> QueryKey:
        """Return the key of queries that are equal without case; `open_names` must be folded too."""
        return queries.build_query_key(self.folded_pairs, open_names)

    def build_header_key(self, open_headers: OpenHeaders) -> HeaderValues:
        """Return the key of equal headers, with the values of these left open; () if headers are not compared."""
        if not self.header_names:
            return ()
        return headers.build_header_key(self.header_values, self.header_names, open_headers)

    def build_body_key(self, shape: BodyShape) -> bytes | None:
        """Return the key of bodies of this shape that are equal, None if there can be none; b"" if none is compared."""
        return self.digest_shape(shape) if self.settings.body else b""

    def digest_shape(self, shape: BodyShape) -> bytes | None:
        """Return the key of bodies of this shape that are equal, b"" if both are empty; None if there can be none."""
        if shape.media is None:
            return None if self.body else b""
        if not self.body or not shape.accepts(self.body_type):
            return None
        return self.digest_body(shape.reading, shape.places).key

    def digest_body(self, reading: Reading, places: Places) -> BodyDigest:
        """Return kind and key of the body, with these places left open; computed once for each reading and places."""
        found = self.body_digests.get((reading, places))
        if found is None:
            found = canonical.digest_body(self.body, reading, self.content_type, places)
            self.body_digests[reading, places] = found
        return found
