"""The `x-mock-*` request headers that choose an example (docs/matching.md, "Choosing by header")."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from understudy.matcher.normal_forms import format_for_display, text_from_bytes
from understudy.store.model.messages import Headers

CODE = "x-mock-response-code"
ID = "x-mock-response-id"
NAME = "x-mock-response-name"
HEADERS = "x-mock-match-request-headers"
BODY = "x-mock-match-request-body"
DELAY = "x-mock-response-delay"

MAX_DELAY = 180_000  # milliseconds; Postman's bound
MAX_HEADER_NAMES = 100  # names in one list: most servers accept no more header fields in a request

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2
_DIGITS = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Selectors:
    """The selector headers of one request; None for each that it lacks. `delay` (milliseconds) is for serving."""

    code: int | None = None
    id: str | None = None
    name: str | None = None
    headers: frozenset[str] | None = None
    body: bool | None = None
    delay: int | None = None

    @property
    def is_named(self) -> bool:
        """Whether the request names one example, so that nothing but the method is compared."""
        return self.id is not None or self.name is not None

    @property
    def ids(self) -> tuple[str, ...]:
        """The requested id, and the same without the owner's number before it: Postman's uid is `<user>-<id>`."""
        if self.id is None:
            return ()
        owner, _, rest = self.id.partition("-")
        return (self.id, rest) if rest and owner.isascii() and owner.isdigit() else (self.id,)


NO_SELECTORS = Selectors()


@dataclass(frozen=True, slots=True)
class SelectorProblem:
    """A selector header that cannot be read: its name, its value, and a description of the expected values."""

    header: str
    value: str
    expected: str

    @property
    def message(self) -> str:
        """The problem as a sentence."""
        return f"{self.header} takes {self.expected}, not {self.value!r}"


class _Malformed(ValueError):
    pass


def parse_selectors(headers: Headers) -> Selectors | SelectorProblem:
    """Parse the selector headers; `NO_SELECTORS` itself if the request has none. Unknown names are ignored."""
    found: dict[str, list[str]] = {}
    for raw, value in headers.fields:
        if raw[:1] in b"xX" and (name := _HEADER_NAMES.get(raw.lower())):
            found.setdefault(name, []).append(text_from_bytes(value).strip())
    if not found:
        return NO_SELECTORS
    values_by_field: dict[str, Any] = {}
    for name, values in found.items():
        rule = _RULES[name]
        # A list may span several lines; any other header must not have two different values.
        text = ",".join(values if name == HEADERS else dict.fromkeys(values))
        try:
            values_by_field[rule.field] = rule.parse(text)
        except _Malformed:
            return SelectorProblem(name, format_for_display(text), rule.expected)
    return Selectors(**values_by_field)


@dataclass(frozen=True, slots=True)
class _Rule:
    field: str
    expected: str
    parse: Callable[[str], object]


def _parse_number(text: str, least: int, most: int) -> int:
    if not _DIGITS.fullmatch(text) or not least <= int(text) <= most:
        raise _Malformed
    return int(text)


def _parse_text(text: str) -> str:
    if not text:
        raise _Malformed
    return text


def _parse_header_names(text: str) -> frozenset[str]:
    names = [name.strip() for name in text.split(",", MAX_HEADER_NAMES)] if text else []
    if len(names) > MAX_HEADER_NAMES or not all(_TOKEN.fullmatch(name) for name in names):
        raise _Malformed
    return frozenset(name.lower() for name in names)


def _parse_flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise _Malformed
    return text.lower() == "true"


_RULES = {
    CODE: _Rule("code", "one status code such as 500", lambda text: _parse_number(text, 100, 999)),
    ID: _Rule("id", "the id of an example", _parse_text),
    NAME: _Rule("name", "the name of an example", _parse_text),
    HEADERS: _Rule(
        "headers", f"names of up to {MAX_HEADER_NAMES} headers, separated by commas, or nothing", _parse_header_names
    ),
    BODY: _Rule("body", "true or false", _parse_flag),
    DELAY: _Rule("delay", f"milliseconds from 1 to {MAX_DELAY}", lambda text: _parse_number(text, 1, MAX_DELAY)),
}
_HEADER_NAMES = {name.encode("ascii"): name for name in _RULES}
