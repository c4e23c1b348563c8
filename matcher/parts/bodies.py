"""The body of an example, compiled for comparing (docs/matching.md, "Bodies")."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from understudy.matcher.body_forms import graphql_forms
from understudy.matcher.body_forms.canonical import MAX_PARSED_SIZE, digest_body, undo_codings
from understudy.matcher.body_forms.forms import find_wild_parts
from understudy.matcher.body_forms.json_forms import is_token, parse_json_exact
from understudy.matcher.body_forms.kinds import BodyKind
from understudy.matcher.body_forms.open_places import (
    NO_MARKS,
    NOWHERE,
    Mark,
    Marks,
    Opening,
    Places,
    compile_patterns,
    find_wild_texts,
    parse_ignored_place,
    places_from_redacted,
    select_marks,
)
from understudy.matcher.parts.queries import QueryPattern
from understudy.matcher.settings import MatchSettings
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.json_paths import parse_json_path
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Headers


@dataclass(frozen=True, slots=True)
class RequiredBody:
    """The least that a request's body must contain: a JSON value of this media type, or the pairs of a form."""

    media: str | None
    value: object = None
    form: QueryPattern | None = None


def collect_ignored_places(settings: MatchSettings) -> Places:
    """Return the places of a body that the settings ignore."""
    return frozenset(map(parse_ignored_place, settings.ignore_body)) if settings.ignore_body else NOWHERE


def select_ignored_fields(settings: MatchSettings) -> frozenset[str]:
    """Return the names of the form fields that the settings ignore."""
    return frozenset(select_marks(collect_ignored_places(settings), Part.FORM))


class BodyPattern(msgspec.Struct, frozen=True):
    """The places whose values do not count, the digest of the rest, and what a digest cannot decide.

    `form` is set if wildcards and values spelled out may share a name, `required` if the settings ask for subset
    matching and the body is of a kind that can contain more.
    """

    places: Places = NOWHERE
    key: bytes = b""
    form: QueryPattern | None = None
    required: RequiredBody | None = None

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
        content_type = headers.get("content-type")
        body = undo_codings(body, headers)
        places = places_from_redacted(redacted) | collect_ignored_places(settings) | extra
        compile_patterns(frozenset(select_marks(places, Part.TEXT)))
        for place in places:
            if place.part is Part.JSON:
                # An example whose secrets cannot be found must be listed as unusable, not silently never equal.
                parse_json_path(place.name)
        form = None
        if (wildcards and b"{{" in body) or settings.subset:
            kind = digest_body(body, content_type, places).kind
            if kind is BodyKind.FORM:
                hidden = frozenset(select_marks(places, Part.FORM))
                form = QueryPattern.of(body, hidden, select_ignored_fields(settings), wildcards=wildcards)
            places |= _find_wild_places(body, content_type, kind, form) if wildcards else NOWHERE
        required = _build_required(body, content_type, places, form) if settings.subset else None
        return cls(places, digest_body(body, content_type, places).key, form if form and form.wild else None, required)

    @property
    def open_names(self) -> frozenset[tuple[Part, str]]:
        """The places that match any value, redacted or wildcards."""
        return frozenset((place.part, place.name) for place in self.places if place.mark is not Mark.IGNORED)


NO_BODY = BodyPattern()
UNREADABLE = object()
"""The value of a body that is not JSON: it contains no value, and no value contains it."""


def contains_value(theirs: object, mine: object) -> bool:
    """Return whether a request's value contains an example's: objects may have more members, arrays must be as long."""
    if is_token(mine):
        return True
    if isinstance(mine, dict):
        return isinstance(theirs, dict) and all(
            name in theirs and contains_value(theirs[name], mine[name]) for name in mine
        )
    if isinstance(mine, list):
        return isinstance(theirs, list) and len(theirs) == len(mine) and all(map(contains_value, theirs, mine))
    return type(theirs) is type(mine) and theirs == mine


def parse_comparable(body: bytes, marks: Marks = NO_MARKS) -> object:
    """Parse a JSON body for `contains_value`, a GraphQL request into its normal form.

    Raises ValueError if the body is not JSON or too long, RecursionError if it is nested too deeply.
    """
    if len(body) > MAX_PARSED_SIZE:
        raise ValueError("too long to be parsed")
    value = parse_json_exact(body, marks)
    graphql = graphql_forms.normalize_graphql(value)
    return value if graphql is None else {name: each for name, each in graphql.items() if each is not None}


def _find_wild_places(body: bytes, content_type: str | None, kind: BodyKind, form: QueryPattern | None) -> Places:
    if form is not None:
        return frozenset(Opening(Part.FORM, name, Mark.ANY) for name in form.wild)
    if kind is BodyKind.MULTIPART:
        return frozenset(Opening(Part.FORM, name, Mark.ANY) for name in find_wild_parts(body, content_type or ""))
    if kind in (BodyKind.JSON, BodyKind.GRAPHQL) and parse_media_type(content_type) != "application/graphql":
        return frozenset(Opening(Part.JSON, path, Mark.ANY) for path in find_wild_texts(parse_json_exact(body)))
    return NOWHERE


def _build_required(
    body: bytes, content_type: str | None, places: Places, form: QueryPattern | None
) -> RequiredBody | None:
    media = parse_media_type(content_type)
    if form is not None:
        return RequiredBody(media, form=form)
    if media == "application/graphql" or digest_body(body, content_type, places).kind not in (
        BodyKind.JSON,
        BodyKind.GRAPHQL,
    ):
        return None
    return RequiredBody(media, value=parse_comparable(body, select_marks(places, Part.JSON)))
