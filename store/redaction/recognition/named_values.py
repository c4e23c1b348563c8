"""Find values by their names in texts: URLs, lines of settings, and quoted arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import NamedTuple
from urllib.parse import unquote_plus


class Coding(Enum):
    """How a value is written in its text."""

    PLAIN = "plain"
    URL = "url"
    MARKUP = "markup"


class NamedValue(NamedTuple):
    """A value in a text with its name.

    `pattern` is a regular expression that finds the value under this name in another text. `is_loose` marks a place
    where names also stand before other things than values, such as labels. `siblings` are the names beside this one.
    `element` is the place of an XML element whose text the value is; "" for other values.
    """

    name: str
    start: int
    end: int
    value: str
    coding: Coding
    pattern: str
    is_loose: bool = False
    siblings: AbstractSet[str] = frozenset()
    element: str = ""


IsSecretName = Callable[[str], bool]
"""Returns whether a value under this name may be a secret."""

_PAIR = re.compile(r"(?:^|[?&#;])([A-Za-z_$][\w.$%\[\]-]*)=([^&\s\"'<>#;\\]+)")
_QUOTED = re.compile(r"(?<![\w.$-])([\w.$-]+)(?:\\?[\"'])?\s*[:=]\s*(\\?[\"'])((?:[^\"'\\\r\n]|\\(?![\"'])[^\r\n])*)\2")
_LINE = re.compile(
    r"^[ \t]*(?:-[ \t]+)?(?:export[ \t]+|set[ \t]+|//\S+?:)?(?P<name>[A-Za-z_][\w.-]*)[ \t]*(?:=|:(?=[ \t]))[ \t]*"
    r"(?!\S*&[\w.\[\]%-]+=)"
    r"(?P<quote>[\"']?)(?P<value>[^\s\"'#|>&*{\[][^\s#\"']*|(?:Bearer|Basic) \S+)(?P=quote)[ \t]*(?:[ \t]#.*)?\r?$",
    re.MULTILINE,
)
_PAIR_OF_LINES = re.compile(
    r"^[ \t]*(?:-[ \t]+)?(?:name|key):[ \t]*([\"']?)(?P<name>[\w.-]+)\1[ \t]*\r?\n"
    r"[ \t]*value:[ \t]*(?P<quote>[\"']?)(?P<value>[^\s\"'#|>&*{\[][^\s#\"']*)(?P=quote)[ \t]*\r?$",
    re.MULTILINE,
)
_NETRC = re.compile(r"(?:^|[ \t])(?P<name>password)[ \t]+(?P<value>\S+)", re.MULTILINE)
_SECRET_MANIFEST = re.compile(r"^[ \t]*(?:-[ \t]+)?kind:[ \t]*[\"']?Secret(?:List)?[\"']?[ \t]*\r?$", re.MULTILINE)
_DATA = re.compile(r"^([ \t]*)(?:-[ \t]+)?(?:data|stringData):[ \t]*\r?\n(?P<lines>(?:\1[ \t]+.*\n?)+)", re.MULTILINE)
MANIFEST_NAME = "password"
"""The name under which the values of a Kubernetes manifest of the kind Secret are found."""

_GRAPHQL = re.compile(r"\s*(?:query|mutation|subscription|fragment)\b|\s*\{\s*[A-Za-z_]")


def find_in_value(value: str) -> Iterator[NamedValue]:
    """Yield the named values in a value: the parameters of a URL or a form, and the arguments of a GraphQL document."""
    if "=" in value:
        yield from _find_pairs(value)
    if ":" in value and '"' in value and _GRAPHQL.match(value):
        yield from _find_quoted(value, is_loose=False)


def find_in_text(text: str) -> Iterator[NamedValue]:
    """Yield the named values in a text other than markup: parameters of URLs, lines, and quoted arguments."""
    yield from _find_pairs(text)
    yield from _find_quoted(text, is_loose=not _GRAPHQL.match(text))
    yield from _find_in_lines(text)


def find_beside_markup(text: str) -> Iterator[NamedValue]:
    """Yield the named values in XML or HTML that are not in markup: parameters of URLs, and texts in scripts."""
    yield from _find_pairs(text)
    if "<script" in text:
        yield from _find_quoted(text, is_loose=True)


def _find_pairs(text: str) -> Iterator[NamedValue]:
    for match in _PAIR.finditer(text):
        name, value = unquote_plus(match[1]), unquote_plus(match[2])
        pattern = rf"(?:^|[?&#;]){re.escape(match[1])}=(?P<secret>[^&\s\"'<>#;\\]+)"
        yield NamedValue(name, *match.span(2), value, Coding.URL, pattern)


def _find_quoted(text: str, *, is_loose: bool) -> Iterator[NamedValue]:
    for match in _QUOTED.finditer(text):
        pattern = rf"(?<![\w.$-]){re.escape(match[1])}(?:\\?[\"'])?\s*[:=]\s*\\?[\"'](?P<secret>[^\"'\\\r\n]+)"
        yield NamedValue(match[1], *match.span(3), match[3], Coding.PLAIN, pattern, is_loose)


def _find_in_lines(text: str) -> Iterator[NamedValue]:
    in_data = [match.span("lines") for match in _DATA.finditer(text)] if _SECRET_MANIFEST.search(text) else []
    for match in _LINE.finditer(text):
        start, end = match.span("value")
        is_data = any(first <= start < last for first, last in in_data)
        name = MANIFEST_NAME if is_data else match["name"]
        pattern = (
            rf"(?m)^[ \t]*(?:-[ \t]+)?(?:export[ \t]+|set[ \t]+|//\S+?:)?{re.escape(match['name'])}[ \t]*[=:][ \t]*"
        )
        # An expression of a program ends so, without quotes.
        is_loose = not match["quote"] and match["value"].endswith((",", ";", "()", "))"))
        pattern += r"[\"']?(?P<secret>[^\s\"']+)"
        yield NamedValue(name, start, end, match["value"], Coding.PLAIN, pattern, is_loose)
    if text.startswith("machine ") or "\nmachine " in text:
        for match in _NETRC.finditer(text):
            pattern = r"(?m)(?:^|[ \t])password[ \t]+(?P<secret>\S+)"
            yield NamedValue(match["name"], *match.span("value"), match["value"], Coding.PLAIN, pattern)
    for match in _PAIR_OF_LINES.finditer(text):
        pattern = rf"{re.escape(match['name'])}[\"']?[ \t]*\r?\n[ \t]*value:[ \t]*[\"']?(?P<secret>[^\s\"']+)"
        yield NamedValue(match["name"], *match.span("value"), match["value"], Coding.PLAIN, pattern)
