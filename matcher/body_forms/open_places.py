"""Open places of a body, whose values do not count: redacted, wildcards, or ignored by the settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from understudy.matcher.body_forms.xml_places import parse_xml_place
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.json_paths import format_step, parse_json_path
from understudy.store.redaction.placeholders import CONSTANT, PATTERN
from understudy.store.redaction.secret_patterns import SecretPatterns

_JSON_PATH_START = re.compile(r"\$(?:[.\[]|\Z)")  # a form field may be called $filter
_WILD_TEXT = re.compile(r"\{\{[^{}]+\}\}")

BODY_PARTS = (Part.FORM, Part.JSON, Part.TEXT, Part.XML)


class Mark(StrEnum):
    """Why a value does not count, as people see it in explanations. An IGNORED value may be missing."""

    REDACTED = "[redacted]"
    ANY = "[any]"
    IGNORED = "[ignored]"


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """An open place of a body.

    `name` is the name of a form field, a JSON path such as `$.user.token`, a text pattern, or where XML elements are.
    """

    part: Part
    name: str
    mark: Mark = Mark.REDACTED


Places = frozenset[Opening]
NOWHERE: Places = frozenset()

Marks = Mapping[str, Mark]
"""The mark of each open place of one part of a body, by the place's name: a field name or a JSON path."""
NO_MARKS: Marks = {}


def places_from_redacted(redacted: Iterable[RedactedPlace]) -> Places:
    """Return the redacted places that lie in a body."""
    return frozenset(Opening(each.part, each.name) for each in redacted if each.part in BODY_PARTS)


@lru_cache(maxsize=1024)
def parse_ignored_place(text: str) -> Opening:
    """Return the place that a setting ignores: a JSON path, `//name` or `/a/b` of XML, or the name of a field.

    Raises ValueError that describes the expected form.
    """
    if _JSON_PATH_START.match(text):
        parse_json_path(text)
        return Opening(Part.JSON, text, Mark.IGNORED)
    if text.startswith("/"):
        parse_xml_place(text)
        return Opening(Part.XML, text, Mark.IGNORED)
    if not text.strip():
        raise ValueError(f"expected $.path, //element, or the name of a form field, got {text!r}")
    return Opening(Part.FORM, text, Mark.IGNORED)


def select_marks(places: Places, part: Part) -> dict[str, Mark]:
    """Return the marks of the places in one part of the body, by the name of the place."""
    return {place.name: place.mark for place in sorted(places) if place.part is part} if places else {}


def find_wild_texts(value: object, path: str = "$") -> Iterator[str]:
    """Yield the JSON paths of the texts in an example's document that are a single `{{name}}`."""
    if isinstance(value, str):
        if _WILD_TEXT.fullmatch(value):
            yield path
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from find_wild_texts(member, path + format_step(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_wild_texts(item, f"{path}[{index}]")


def mask_text(body: bytes, patterns: frozenset[str]) -> bytes:
    """Return the text with one constant in the place of every match of the patterns, and of every placeholder."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    pieces: list[str] = []
    done = 0
    for start, end, _ in compile_patterns(patterns).find_spans(text):
        pieces += (text[done:start], CONSTANT)
        done = end
    return "".join([*pieces, text[done:]]).encode()


@lru_cache(maxsize=256)
def compile_patterns(patterns: frozenset[str]) -> SecretPatterns:
    """Return the compiled patterns; raises ValueError for one that is not a regular expression."""
    try:
        return SecretPatterns([PATTERN, *sorted(filter(None, patterns))], built_in=False)
    except ValueError as error:
        raise ValueError(f"expected regular expressions, got {sorted(patterns)}: {error}") from error
