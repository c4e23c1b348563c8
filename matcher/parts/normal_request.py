"""A request as it is asked about: its normal forms and keys, each worked out once, most of them only when needed."""

from __future__ import annotations

from functools import cached_property

from understudy.matcher import normal_forms
from understudy.matcher.body_forms import canonical
from understudy.matcher.body_forms.canonical import Reading
from understudy.matcher.body_forms.forms import MAX_PAIRS
from understudy.matcher.body_forms.open_places import Places
from understudy.matcher.mock_headers import NONE, Selectors
from understudy.matcher.parts import headers, paths, queries
from understudy.matcher.parts.bodies import UNREADABLE, comparable_value
from understudy.matcher.parts.headers import Names, Values
from understudy.matcher.parts.queries import Key, Pairs
from understudy.matcher.settings import MatchSettings, QueryRule
from understudy.store.model.messages import Request


class Asked:
    """One request under the settings of one index. Its body must be bytes; `methods` are those that answer it.

    `chosen` is what its selector headers ask for; `names` are the headers that the settings compare; `readings` those
    of its body that are known already.
    """

    def __init__(
        self,
        request: Request,
        settings: MatchSettings,
        methods: tuple[str, ...],
        chosen: Selectors = NONE,
        names: Names | None = None,
        readings: dict[Places, Reading] | None = None,
    ) -> None:
        self.request = request
        self.settings = settings
        self.methods = methods
        self.chosen = chosen
        self.names = settings.compared_headers() if names is None else names
        path, _, query = request.target.partition(b"?")
        self.text = normal_forms.path_text(path)
        off = not query or settings.query is QueryRule.OFF
        self.pairs: Pairs = () if off else queries.request_pairs(query, settings.ignore_query)
        self._body: bytes | None = None
        self.readings: dict[Places, Reading] = {} if readings is None else readings

    def answered_by(self, methods: tuple[str, ...]) -> Asked:
        """The same request among the examples of other methods; what is known of its body stays known."""
        if methods == self.methods:
            return self
        return Asked(self.request, self.settings, methods, self.chosen, self.names, self.readings)

    @cached_property
    def folded_segments(self) -> tuple[str, ...]:
        """The path's segments without case and trailing slashes."""
        return paths.segments(normal_forms.fold(self.text))

    @cached_property
    def folded_pairs(self) -> Pairs:
        """The query's pairs without case."""
        return queries.folded(self.pairs)

    @cached_property
    def header_values(self) -> Values:
        """The values of the headers that are compared."""
        return headers.header_values(self.request.headers, self.names)

    @property
    def body(self) -> bytes:
        """The body without its content codings."""
        if self._body is None:
            body = self.request.body
            assert isinstance(body, bytes), "a request to decide on has its body as bytes"
            self._body = canonical.plain(body, self.request.headers)
        return self._body

    def body_note(self, places: Places) -> str:
        """Why the body is not compared as what its headers say; "" if it is."""
        return self._coding_note or canonical.told(self.reading(places), len(self.body), self.request.headers)

    @cached_property
    def _coding_note(self) -> str:
        raw = self.request.body
        return canonical.not_undone(raw, self.request.headers) if self.body is raw else ""

    @property
    def content_type(self) -> str | None:
        """What the request says its body is."""
        return self.request.headers.get("content-type")

    @cached_property
    def form_pairs(self) -> Pairs:
        """The pairs of a body that is a form; none of one that is too long to be compared as such."""
        return () if self.body.count(b"&") > MAX_PAIRS else normal_forms.query_pairs(self.body)

    @cached_property
    def json_value(self) -> object:
        """The body's exact value, or `UNREADABLE`."""
        try:
            return comparable_value(self.body)
        except (ValueError, RecursionError):
            return UNREADABLE

    def query_key(self, any_value: frozenset[str]) -> Key:
        """The key of equal queries in which the values of these names are left open."""
        return queries.key(self.pairs, any_value)

    def folded_query_key(self, any_value: frozenset[str]) -> Key:
        """The same, of queries that are equal when case is ignored; `any_value` is folded too."""
        return queries.key(self.folded_pairs, any_value)

    def header_key(self, any_value: frozenset[str]) -> Values:
        """The key of equal headers in which the values of these names are left open; () if none are compared."""
        return headers.header_key(self.header_values, self.names, any_value) if self.names else ()

    def body_key(self, places: Places) -> bytes:
        """The key of equal bodies in which these places are left open; b"" when bodies are not compared."""
        if not self.settings.body:
            return b""
        return self.reading(places).key

    def reading(self, places: Places) -> Reading:
        """What the body is, when these places are left open: read once, however often it is asked about."""
        found = self.readings.get(places)
        if found is None:
            found = self.readings[places] = canonical.read(self.body, self.content_type, places)
        return found
