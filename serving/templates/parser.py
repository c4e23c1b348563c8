"""Text with `{{...}}` in it, parsed once and filled in for each answer (spec/matching.md, "Response templates").

Filling is one pass: what a value holds is never looked at again, so a request cannot bring a template of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from understudy.serving.templates.dynamic_variables import DYNAMIC_VARIABLES
from understudy.serving.templates.request_values import REQUEST_VALUES, LiveRequest

# `{{$name 'first' 'second'}}`, or `{{anything}}`. Possessive, and two arguments at most: linear in any text.
_FIELD = re.compile(
    r"\{\{(?:\s*+(?P<name>\$[A-Za-z0-9]++)(?P<arguments>(?:\s++'(?:[^'\\]++|\\.)*+'){0,2}+)\s*+|(?P<plain>[^{}]*+))\}\}",
    re.DOTALL,
)
_ARGUMENT = re.compile(r"'((?:[^'\\]++|\\.)*+)'", re.DOTALL)
_ESCAPED = re.compile(r"\\(['\\])")
_QUOTE = re.compile(r'\\.|(")', re.DOTALL)

Escaper = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class TemplateValues:
    """What the fields of one answer are filled from. `now` in seconds since the epoch."""

    request: LiveRequest
    random: Random
    now: float
    variables: Mapping[str, str] = field(default_factory=dict)
    captures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TemplateField:
    """One `{{...}}` as it was written: what it asks for, and whether it stands within a JSON string."""

    source: str
    name: str
    argument: str | None = None
    default: str | None = None
    in_string: bool = False

    def render(self, values: TemplateValues, escape: Escaper = str) -> str:
        """What stands in its place, in the wording that its surroundings need; as written if it cannot be resolved."""
        value = self._resolve(values)
        if value is None:
            value = self.default
        if value is None:
            return self.source
        return _escape_json(value) if self.in_string else escape(value)

    def _resolve(self, values: TemplateValues) -> str | None:
        if self.name in REQUEST_VALUES:
            return REQUEST_VALUES[self.name](values.request, self.argument)
        if self.name in DYNAMIC_VARIABLES:
            return DYNAMIC_VARIABLES[self.name](values.random, values.now)
        # Variables first: in the example's request they stand before any wildcard is looked for.
        return values.variables.get(self.name, values.captures.get(self.name))


@dataclass(frozen=True, slots=True)
class Template:
    """Literal text and fields, in order."""

    pieces: tuple[str | TemplateField, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names it asks for."""
        return frozenset(piece.name for piece in self.pieces if isinstance(piece, TemplateField))

    def fill(self, values: TemplateValues, escape: Escaper = str) -> str:
        """The text with every field in its place."""
        return "".join(piece if isinstance(piece, str) else piece.render(values, escape) for piece in self.pieces)


def parse_template(text: str, *, in_json: bool = False) -> Template | None:
    """The template that a text is; None for one without fields. `in_json`: values are escaped within strings."""
    if "{{" not in text:
        return None
    pieces: list[str | TemplateField] = []
    done = read = 0
    in_string = False
    for found in _FIELD.finditer(text):
        in_string ^= in_json and _has_open_quote(text[read : found.start()])
        asked = _parse_field(found, in_string=in_string)
        read = found.start()
        if asked is not None:
            pieces += (text[done:read], asked)
            done = read = found.end()
    return Template((*pieces, text[done:])) if pieces else None


def _parse_field(found: re.Match[str], *, in_string: bool) -> TemplateField | None:
    name = found["name"]
    if name is None:
        plain = found["plain"].strip()
        return TemplateField(found[0], plain, in_string=in_string) if plain and not plain.startswith("$") else None
    arguments = _ARGUMENT.findall(found["arguments"])
    if name in REQUEST_VALUES and (arguments or name == "$body"):
        argument = arguments[0] if arguments else None
        default = _ESCAPED.sub(r"\1", arguments[1]) if len(arguments) > 1 else None
        return TemplateField(found[0], name, argument, default, in_string)
    if name in DYNAMIC_VARIABLES and not arguments:
        return TemplateField(found[0], name, in_string=in_string)
    return None


def _has_open_quote(literal: str) -> bool:
    """Whether a piece of JSON has an odd number of quotes."""
    return sum(1 for mark in _QUOTE.finditer(literal) if mark[1]) % 2 == 1


def _escape_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]
