"""Parser of text with `{{...}}` fields, which are filled in for each answer (spec/matching.md, "Response templates").

Filling is one pass: values are not parsed, so a request cannot inject a template.
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
    """The values of the fields of one answer; `now` is in seconds since the epoch."""

    request: LiveRequest
    random: Random
    now: float
    variables: Mapping[str, str] = field(default_factory=dict)
    captures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TemplateField:
    """One `{{...}}` field: its source text, what it refers to, and whether it is within a JSON string."""

    source: str
    name: str
    argument: str | None = None
    default: str | None = None
    in_string: bool = False

    def render(self, values: TemplateValues, escape: Escaper = str) -> str:
        """Return the escaped value of the field; its source text if it cannot be resolved."""
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
        # Variables come first: in the request of the example they are filled in before its wildcards are found.
        return values.variables.get(self.name, values.captures.get(self.name))


@dataclass(frozen=True, slots=True)
class Template:
    """A text with fields: literal pieces and fields, in order."""

    pieces: tuple[str | TemplateField, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names of its fields."""
        return frozenset(piece.name for piece in self.pieces if isinstance(piece, TemplateField))

    def fill(self, values: TemplateValues, escape: Escaper = str) -> str:
        """Return the text with all fields filled in."""
        return "".join(piece if isinstance(piece, str) else piece.render(values, escape) for piece in self.pieces)


def parse_template(text: str, *, in_json: bool = False) -> Template | None:
    """Parse a text as a template; None if it has no fields. With `in_json`, values are escaped within strings."""
    if "{{" not in text:
        return None
    pieces: list[str | TemplateField] = []
    done = read = 0
    in_string = False
    for match in _FIELD.finditer(text):
        in_string ^= in_json and _has_open_quote(text[read : match.start()])
        parsed = _parse_field(match, in_string=in_string)
        read = match.start()
        if parsed is not None:
            pieces += (text[done:read], parsed)
            done = read = match.end()
    return Template((*pieces, text[done:])) if pieces else None


def _parse_field(match: re.Match[str], *, in_string: bool) -> TemplateField | None:
    name = match["name"]
    if name is None:
        plain = match["plain"].strip()
        return TemplateField(match[0], plain, in_string=in_string) if plain and not plain.startswith("$") else None
    arguments = _ARGUMENT.findall(match["arguments"])
    if name in REQUEST_VALUES and (arguments or name == "$body"):
        argument = arguments[0] if arguments else None
        default = _ESCAPED.sub(r"\1", arguments[1]) if len(arguments) > 1 else None
        return TemplateField(match[0], name, argument, default, in_string)
    if name in DYNAMIC_VARIABLES and not arguments:
        return TemplateField(match[0], name, in_string=in_string)
    return None


def _has_open_quote(literal: str) -> bool:
    """Return whether a piece of JSON has an odd number of quotes."""
    return sum(1 for mark in _QUOTE.finditer(literal) if mark[1]) % 2 == 1


def _escape_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]
