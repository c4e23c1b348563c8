"""The body of an example, compiled for comparing (docs/matching.md, "Bodies")."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from understudy.matcher.body_forms.body_trees import UNREADABLE, find_wild_parts, read_tree
from understudy.matcher.body_forms.canonical import digest_body
from understudy.matcher.body_forms.codings import undo_codings
from understudy.matcher.body_forms.json_forms import parse_json_exact
from understudy.matcher.body_forms.kinds import UNTYPED, BodyKind, BodyType, Reading, parse_body_type
from understudy.matcher.body_forms.open_places import (
    NOWHERE,
    Mark,
    Opening,
    Places,
    compile_patterns,
    find_wild_texts,
    parse_ignored_place,
    places_from_redacted,
    select_marks,
)
from understudy.matcher.body_forms.wild_texts import find_wild_leaves
from understudy.matcher.parts.queries import QueryPattern
from understudy.matcher.settings import MatchSettings
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.json_paths import parse_json_path
from understudy.store.model.messages import Headers

EXTENSIBLE = frozenset({BodyKind.JSON, BodyKind.GRAPHQL, BodyKind.FORM})
"""The kinds of bodies that can contain more than an example's: subset matching applies to them."""


def collect_ignored_places(settings: MatchSettings) -> Places:
    """Return the places of a body that the settings ignore."""
    return frozenset(map(parse_ignored_place, settings.ignore_body)) if settings.ignore_body else NOWHERE


def select_ignored_fields(settings: MatchSettings) -> frozenset[str]:
    """Return the names of the form fields that the settings ignore."""
    return frozenset(select_marks(collect_ignored_places(settings), Part.FORM))


class BodyShape(NamedTuple):
    """What the key of a body depends on: its media type, how it is read, and the places left open.

    `media` is "" for a body without Content-Type, which takes the type of the other one, and None for an empty body.
    """

    media: str | None
    reading: Reading
    places: Places

    def accepts(self, other: BodyType) -> bool:
        """Return whether a body of this type, which is not empty, can be equal to one of this shape."""
        if not self.media:
            return self.reading is other.reading
        return not other.media or self.media == other.media


NO_SHAPE = BodyShape(None, Reading.UNTYPED, NOWHERE)


class BodyPattern(msgspec.Struct, frozen=True):
    """The places whose values do not count, the digest of the rest, and what a digest cannot decide.

    `reading` is how the body is read, `kind` what it is compared as. `form` is set if wildcards and values spelled out
    may share a name; `tree` if values must be compared one by one: those of the kinds that can contain more, if the
    settings ask for subset matching, and texts that a key cannot leave open (`is_loose`). `wild_count` counts these.
    A body without Content-Type has a pattern for each `other` way of reading, for requests that have a Content-Type.
    """

    places: Places = NOWHERE
    key: bytes = b""
    form: QueryPattern | None = None
    tree: object = None
    media: str | None = None
    reading: Reading = Reading.UNTYPED
    kind: BodyKind = BodyKind.BYTES
    wild_count: int = 0
    others: tuple[BodyPattern, ...] = ()

    @classmethod
    def of(
        cls,
        body: bytes,
        headers: Headers,
        redacted: frozenset[RedactedPlace],
        settings: MatchSettings,
        *,
        wildcards: bool,
        extra: Places = NOWHERE,
    ) -> BodyPattern:
        """Compile a body as it was sent, with `extra` open places.

        Raises ValueError for a bad JSON path or regular expression of a place.
        """
        places = places_from_redacted(redacted) | collect_ignored_places(settings) | extra
        compile_patterns(frozenset(select_marks(places, Part.TEXT)))
        for place in places:
            if place.part is Part.JSON:
                # An example whose secrets cannot be found must be listed as unusable, not silently never equal.
                parse_json_path(place.name)
        body = undo_codings(body, headers) if body else b""
        if not body:
            return cls(places)
        content_type = headers.get("content-type")
        own = parse_body_type(content_type)
        compiler = _Compiler(body, content_type, places, settings, wildcards)
        pattern = compiler.compile(own)
        if own != UNTYPED:
            return pattern
        others = [compiler.compile(BodyType("", reading)) for reading in Reading if reading is not Reading.UNTYPED]
        return msgspec.structs.replace(pattern, others=tuple(others))

    @property
    def is_loose(self) -> bool:
        """Whether no key finds the body, because it holds texts that are compared one by one."""
        return self.wild_count > 0

    @property
    def keyed(self) -> tuple[BodyPattern, ...]:
        """The patterns by whose keys the body is found: more than one if it has no Content-Type."""
        if not self.others:
            return () if self.is_loose else (self,)
        return tuple(each for each in (self, *self.others) if not each.is_loose)

    @property
    def has_loose(self) -> bool:
        """Whether some request can only find the body by comparing it."""
        return self.is_loose or any(each.is_loose for each in self.others)

    @property
    def shape(self) -> BodyShape:
        """The shape that a look-up of the body depends on."""
        return NO_SHAPE if self.media is None else BodyShape(self.media, self.reading, self.places)

    @property
    def open_count(self) -> int:
        """The number of places that match any value, redacted or wildcards, and of texts with a wildcard."""
        return max(len(each.open_names) + each.wild_count for each in (self, *self.others))

    @property
    def open_names(self) -> frozenset[tuple[Part, str]]:
        """The places that match any value, redacted or wildcards."""
        return frozenset((place.part, place.name) for place in self.places if place.mark is not Mark.IGNORED)

    def select_pattern(self, other: BodyType) -> BodyPattern | None:
        """Return the pattern for requests with a body of this type; None if the media types differ."""
        if self.media == other.media or not other.media:
            return self
        return None if self.media else next((each for each in self.others if each.reading is other.reading), None)


NO_BODY = BodyPattern()


class _Compiler(NamedTuple):
    """An example's body without content coding, and what its patterns depend on."""

    body: bytes
    content_type: str | None
    places: Places
    settings: MatchSettings
    wildcards: bool

    def compile(self, body_type: BodyType) -> BodyPattern:
        """Return the pattern of the body as one of this type."""
        places, form = self.places, None
        wildcards = self.wildcards and b"{{" in self.body
        digest = digest_body(self.body, body_type.reading, self.content_type, places)
        kind, tree, wild_count = digest.kind, None, 0
        if kind is BodyKind.FORM and (wildcards or self.settings.subset):
            hidden = frozenset(select_marks(places, Part.FORM))
            form = QueryPattern.of(self.body, hidden, select_ignored_fields(self.settings), wildcards=wildcards)
        if wildcards and body_type.reading is not Reading.GRAPHQL:
            places |= self._find_wild_places(kind, form)
            tree = self._read_tree(kind, places)
            wild_count = _count_texts(tree, kind)
            digest = digest_body(self.body, body_type.reading, self.content_type, places)
        if self.settings.subset and kind in EXTENSIBLE and body_type.reading is not Reading.GRAPHQL:
            tree = self._read_tree(kind, places)
        elif not wild_count:
            tree = None
        form = form if form and form.wild else None
        return BodyPattern(places, digest.key, form, tree, body_type.media, body_type.reading, kind, wild_count)

    def _read_tree(self, kind: BodyKind, places: Places) -> object:
        if kind is BodyKind.FORM:  # several values can have one name, so its wildcards are marked in the tree
            places = self.places
        return read_tree(self.body, kind, self.content_type, places, wild=self.wildcards)

    def _find_wild_places(self, kind: BodyKind, form: QueryPattern | None) -> Places:
        if form is not None:
            return frozenset(Opening(Part.FORM, name, Mark.ANY) for name in form.wild)
        if kind is BodyKind.MULTIPART:
            return frozenset(
                Opening(Part.FORM, name, Mark.ANY) for name in find_wild_parts(self.body, self.content_type)
            )
        if kind in (BodyKind.JSON, BodyKind.GRAPHQL):
            return frozenset(
                Opening(Part.JSON, path, Mark.ANY) for path in find_wild_texts(parse_json_exact(self.body))
            )
        return NOWHERE


def _count_texts(tree: object, kind: BodyKind) -> int:
    """Return how many texts with a wildcard the places do not open; text and bytes as a whole body have none."""
    if tree is UNREADABLE or kind in (BodyKind.TEXT, BodyKind.BYTES):
        return 0
    leaves = find_wild_leaves(tree)
    return sum(not leaf.is_single for leaf in leaves) if kind is BodyKind.FORM else sum(1 for _ in leaves)
