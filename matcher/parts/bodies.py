"""An example's body, compiled for comparing."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.matcher.body_forms import graphql_forms
from understudy.matcher.body_forms.canonical import LONGEST, plain, read
from understudy.matcher.body_forms.forms import wild_parts
from understudy.matcher.body_forms.json_forms import NO_MARKS, Marks, exact_value, is_token
from understudy.matcher.body_forms.kinds import Kind
from understudy.matcher.body_forms.open_places import (
    NOWHERE,
    Mark,
    Opening,
    Places,
    names,
    opened,
    text_patterns,
    wild_texts,
)
from understudy.matcher.parts.queries import QueryPattern
from understudy.matcher.settings import MatchSettings
from understudy.store.model.exchanges import Part, Redacted
from understudy.store.model.fast_init import quick
from understudy.store.model.json_paths import read_json_path
from understudy.store.model.media_types import media_type
from understudy.store.model.messages import Headers


@dataclass(frozen=True, slots=True)
class Least:
    """What a request's body must hold at least: a JSON value of this media type, or the pairs of a form."""

    media: str | None
    value: object = None
    form: QueryPattern | None = None


def ignored_places(settings: MatchSettings) -> Places:
    """The places of a body that the settings ignore."""
    return frozenset(Opening(Part.JSON, path, Mark.IGNORED) for path in settings.ignore_json)


@quick
@dataclass(frozen=True, slots=True)
class BodyPattern:
    """The places whose values do not count, the digest of the rest, and what a digest cannot tell.

    `form` is there where wildcards and values spelled out may share a name, `least` where the settings ask for subset
    matching and the body is of a kind that can hold more.
    """

    places: Places = NOWHERE
    key: bytes = b""
    form: QueryPattern | None = None
    least: Least | None = None

    @classmethod
    def of(
        cls, body: bytes, headers: Headers, redacted: frozenset[Redacted], settings: MatchSettings, *, wildcards: bool
    ) -> BodyPattern:
        """The pattern of a body as it came; raises ValueError for a JSON path or a pattern that cannot be read."""
        content_type = headers.get("content-type")
        body = plain(body, headers)
        places = opened(redacted) | ignored_places(settings)
        text_patterns(frozenset(names(places, Part.TEXT)))
        for place in places:
            if place.part is Part.JSON:
                read_json_path(place.name)  # an example whose secrets cannot be found is unusable, not just never equal
        form = None
        if (wildcards and b"{{" in body) or settings.subset:
            kind = read(body, content_type, places).kind
            if kind is Kind.FORM:
                hidden = frozenset(names(places, Part.FORM))
                form = QueryPattern.of(body, hidden, frozenset(), wildcards=wildcards)
            places |= _wild_places(body, content_type, kind, form) if wildcards else NOWHERE
        least = _least(body, content_type, places, form) if settings.subset else None
        return cls(places, read(body, content_type, places).key, form if form and form.wild else None, least)


NO_BODY = BodyPattern()
UNREADABLE = object()
"""The value of a body that is no JSON: nothing holds it, and it holds nothing."""


def holds(theirs: object, mine: object) -> bool:
    """Whether a request's value holds an example's: objects may have more members, arrays are as long."""
    if is_token(mine):
        return True
    if isinstance(mine, dict):
        return isinstance(theirs, dict) and all(name in theirs and holds(theirs[name], mine[name]) for name in mine)
    if isinstance(mine, list):
        return isinstance(theirs, list) and len(theirs) == len(mine) and all(map(holds, theirs, mine))
    return type(theirs) is type(mine) and theirs == mine


def comparable_value(body: bytes, marks: Marks = NO_MARKS) -> object:
    """The value of a JSON body for `holds`, a GraphQL request in normal form; raises ValueError or RecursionError."""
    if len(body) > LONGEST:
        raise ValueError("too long to be read")
    value = exact_value(body, marks)
    asked = graphql_forms.request_value(value)
    return value if asked is None else {name: each for name, each in asked.items() if each is not None}


def _wild_places(body: bytes, content_type: str | None, kind: Kind, form: QueryPattern | None) -> Places:
    if form is not None:
        return frozenset(Opening(Part.FORM, name, Mark.ANY) for name in form.wild)
    if kind is Kind.MULTIPART:
        return frozenset(Opening(Part.FORM, name, Mark.ANY) for name in wild_parts(body, content_type or ""))
    if kind in (Kind.JSON, Kind.GRAPHQL) and media_type(content_type) != "application/graphql":
        return frozenset(Opening(Part.JSON, path, Mark.ANY) for path in wild_texts(exact_value(body)))
    return NOWHERE


def _least(body: bytes, content_type: str | None, places: Places, form: QueryPattern | None) -> Least | None:
    media = media_type(content_type)
    if form is not None:
        return Least(media, form=form)
    if media == "application/graphql" or read(body, content_type, places).kind not in (Kind.JSON, Kind.GRAPHQL):
        return None
    return Least(media, value=comparable_value(body, names(places, Part.JSON)))
