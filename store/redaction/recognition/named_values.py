"""Find values by their names in texts: XML, HTML, URLs, lines of settings, and quoted arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from html import unescape
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
    where names also stand before other things than values, such as labels.
    """

    name: str
    start: int
    end: int
    value: str
    coding: Coding
    pattern: str
    is_loose: bool


_PAIR = re.compile(r"(?:^|[?&#;])([A-Za-z_$][\w.$%\[\]-]*)=([^&\s\"'<>#;\\]+)")
_ELEMENT = re.compile(r"<((?:[\w.-]+:)?([\w.-]+))(?:\s[^<>]*)?>(?:<!\[CDATA\[([^\]<]*+)\]\]>|([^<>]+))</")
_TAG = re.compile(r"<[A-Za-z][\w:.-]*(\s[^<>]*)>")
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_KEYED = re.compile(r"<(?:key|name)>([\w.-]+)</(?:key|name)>\s*(?:<value>\s*)?<string>([^<>]+)</string>")
_QUOTED = re.compile(r"(?<![\w.$-])([\w.$-]+)(?:\\?[\"'])?\s*[:=]\s*(\\?[\"'])((?:[^\"'\\\r\n]|\\(?![\"'])[^\r\n])*)\2")
_LINE = re.compile(
    r"^(?P<indent>[ \t]*)(?:-[ \t]+)?(?:export[ \t]+|set[ \t]+)?(?P<name>[A-Za-z_][\w.-]*)[ \t]*(?:=|:(?=[ \t]))[ \t]*"
    r"(?P<quote>[\"']?)(?P<value>[^\s\"'#|>&*{\[][^\s#\"']*|(?:Bearer|Basic) \S+)(?P=quote)[ \t]*(?:[ \t]#.*)?\r?$",
    re.MULTILINE,
)
_SECRET_MANIFEST = re.compile(r"^kind:[ \t]*[\"']?Secret[\"']?[ \t]*\r?$", re.MULTILINE)
_DATA = re.compile(r"^(?:data|stringData):[ \t]*\r?\n((?:[ \t]+.*\n?)+)", re.MULTILINE)
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
    """Yield the named values in a text: XML and HTML if it begins with a tag, otherwise lines and quoted arguments."""
    yield from _find_pairs(text)
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        yield from _find_in_markup(text)
        if "<script" in text:
            yield from _find_quoted(text, is_loose=True)
        return
    yield from _find_quoted(text, is_loose=not _GRAPHQL.match(text))
    yield from _find_in_lines(text)


def _find_pairs(text: str) -> Iterator[NamedValue]:
    for match in _PAIR.finditer(text):
        name, value = unquote_plus(match[1]), unquote_plus(match[2])
        pattern = rf"(?:^|[?&#;]){re.escape(match[1])}=(?P<secret>[^&\s\"'<>#;\\]+)"
        yield NamedValue(name, *match.span(2), value, Coding.URL, pattern, False)


def _find_in_markup(text: str) -> Iterator[NamedValue]:
    for match in _ELEMENT.finditer(text):
        group = 3 if match[3] is not None else 4
        value = match[3] if group == 3 else unescape(match[4])
        pattern = rf"<{re.escape(match[1])}(?:\s[^<>]*)?>(?:<!\[CDATA\[)?(?P<secret>[^<>\[\]]+)"
        yield _strip(NamedValue(match[2], *match.span(group), value, Coding.MARKUP, pattern, False))
    for match in _KEYED.finditer(text):
        pattern = rf"{re.escape(match[1])}</(?:key|name)>\s*(?:<value>\s*)?<string>(?P<secret>[^<>]+)"
        yield NamedValue(match[1], *match.span(2), unescape(match[2]), Coding.MARKUP, pattern, False)
    for tag in _TAG.finditer(text):
        yield from _find_in_tag(text, tag)


def _find_in_tag(text: str, tag: re.Match[str]) -> Iterator[NamedValue]:
    """Yield the attributes of a tag; the value of an HTML input, and the content of a meta, have the tag's name."""
    attributes = list(_ATTRIBUTE.finditer(text, *tag.span(1)))
    names = {each[1].lower(): each[2] or each[3] or "" for each in attributes}
    own_name = names.get("name") or names.get("id") or names.get("key") or names.get("property") or ""
    is_button = names.get("type") in ("submit", "button", "reset", "checkbox", "radio")
    for each in attributes:
        attribute = each[1].lower()
        is_own = attribute in ("value", "content") and own_name and not is_button
        group = 2 if each[2] is not None else 3
        name = own_name if is_own else each[1].rpartition(":")[2]
        pattern = rf"{re.escape(each[1])}\s*=\s*[\"'](?P<secret>[^\"'<>]+)"
        if is_own:
            pattern = rf"[\"']{re.escape(own_name)}[\"'][^<>]*?{pattern}"
        yield NamedValue(name, *each.span(group), unescape(each[group]), Coding.MARKUP, pattern, False)


def _find_quoted(text: str, *, is_loose: bool) -> Iterator[NamedValue]:
    for match in _QUOTED.finditer(text):
        pattern = rf"(?<![\w.$-]){re.escape(match[1])}(?:\\?[\"'])?\s*[:=]\s*\\?[\"'](?P<secret>[^\"'\\\r\n]+)"
        yield NamedValue(match[1], *match.span(3), match[3], Coding.PLAIN, pattern, is_loose)


def _find_in_lines(text: str) -> Iterator[NamedValue]:
    in_data = [match.span(1) for match in _DATA.finditer(text)] if _SECRET_MANIFEST.search(text) else []
    for match in _LINE.finditer(text):
        start, end = match.span("value")
        is_data = any(first <= start < last for first, last in in_data)
        name = MANIFEST_NAME if is_data else match["name"]
        pattern = rf"(?m)^[ \t]*(?:-[ \t]+)?(?:export[ \t]+|set[ \t]+)?{re.escape(match['name'])}[ \t]*[=:][ \t]*"
        yield NamedValue(
            name, start, end, match["value"], Coding.PLAIN, rf"{pattern}[\"']?(?P<secret>[^\s\"']+)", False
        )


def _strip(found: NamedValue) -> NamedValue:
    left = len(found.value) - len(found.value.lstrip())
    right = len(found.value) - len(found.value.rstrip())
    return found._replace(start=found.start + left, end=found.end - right, value=found.value.strip())
