"""Find values by their names in XML and HTML: elements, attributes, inputs and metas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple
from xml.parsers import expat

from understudy.store.redaction.recognition.named_values import Coding, IsSecretName, NamedValue

_TAG = re.compile(r"<(?P<end>/?)(?P<name>[^\W\d][\w:.-]*)(?P<attributes>(?:\s[^<>]*?)?)(?P<empty>/?)>")
_TEXT = re.compile(r"\s*+(?:<!\[CDATA\[(?P<raw>[^\]<]*+)\]\]>\s*+|(?P<text>[^<>]++))</")
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|div|form|p)\b", re.IGNORECASE)
_HTML_HEAD = 2_000
_HTML_ELEMENTS = frozenset({"code"})  # pieces of programs
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'<>=`]+))")
_KEYED = re.compile(
    r"<(?:key|name)>([\w.-]+)</(?:key|name)>\s*(?:<value>\s*)?(?:<(?:string|integer|int|i4)>)?([^<>]++)</"
)
_MAX_DEPTH = 64
"""Elements around an element up to which its place is a path from the root."""


class _Open(NamedTuple):
    """An open element: its name, the name in its attributes, and the names of the elements in it so far."""

    name: str
    own_name: str
    children: set[str]


def find_in_markup(text: str, is_secret_name: IsSecretName) -> Iterator[NamedValue]:
    """Yield the named values in XML or HTML whose names may be those of secrets."""
    found: list[NamedValue] = []
    is_html = _HTML.search(text, 0, _HTML_HEAD) is not None
    opened = [_Open("", "", set())]
    for tag in _TAG.finditer(text):
        name = tag["name"].rpartition(":")[2]
        if tag["end"]:
            _close(opened, name)
            continue
        attributes = _read_attributes(text, tag) if tag["attributes"] else {}
        yield from _find_in_tag(attributes)
        opened[-1].children.add(name)
        opened.append(_Open(name, _get(attributes, "key") or _get(attributes, "name"), set()))
        if not (is_html and name.lower() in _HTML_ELEMENTS):
            found += _find_in_element(text, tag, opened, is_secret_name)
        if tag["empty"]:
            opened.pop()
    yield from found
    for match in _KEYED.finditer(text):
        pattern = rf"{re.escape(match[1])}</(?:key|name)>\s*(?:<value>\s*)?(?:<\w+>)?(?P<secret>[^<>]+)"
        yield _strip(NamedValue(match[1], *match.span(2), unescape(match[2]), Coding.MARKUP, pattern))


def is_plain_xml(text: bytes) -> bool:
    """Whether a text is well-formed XML without a document type declaration."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, LookupError, ValueError):
        return False
    return True


def _refuse(*_: object) -> None:
    raise ValueError("a document type declaration")


def _close(opened: list[_Open], name: str) -> None:
    """Close the innermost element of this name, and those in it, which HTML may leave open."""
    for index in range(len(opened) - 1, max(0, len(opened) - _MAX_DEPTH), -1):
        if opened[index].name == name:
            del opened[index:]
            return


def _find_in_element(
    text: str, tag: re.Match[str], opened: list[_Open], is_secret_name: IsSecretName
) -> Iterator[NamedValue]:
    """Yield the text of an element that contains nothing else, under its name, and under that in its attributes."""
    content = _TEXT.match(text, tag.end())
    if content is None or tag["empty"]:
        return
    group = "raw" if content["raw"] is not None else "text"
    value, element = content[group] if group == "raw" else unescape(content[group]), opened[-1]
    if is_secret_name(element.name):
        pattern = rf"<{re.escape(tag['name'])}(?:\s[^<>]*)?>(?:<!\[CDATA\[)?(?P<secret>[^<>\[\]]+)"
        path = _format_path(opened, is_exact="<!" not in text)
        siblings = opened[-2].children
        yield _strip(
            NamedValue(element.name, *content.span(group), value, Coding.MARKUP, pattern, False, siblings, path)
        )
    own_name = element.own_name or (opened[-2].own_name if element.name == "value" else "")
    if own_name and is_secret_name(own_name):
        # Lists of texts have labels under such names.
        is_loose = element.name in ("string", "label", "option")
        pattern = rf"[\"']{re.escape(own_name)}[\"'][^<>]*>\s*(?:<value>\s*)?(?:<!\[CDATA\[)?(?P<secret>[^<>\[\]]+)"
        yield _strip(NamedValue(own_name, *content.span(group), value, Coding.MARKUP, pattern, is_loose))


def _format_path(opened: list[_Open], *, is_exact: bool) -> str:
    """Return the place of the innermost element as `matcher` reads it: `/a/b`, or `//b` far from the root.

    It is not `is_exact` if comments or CDATA sections may contain what looks like tags.
    """
    if not is_exact or len(opened) > _MAX_DEPTH:
        return f"//{opened[-1].name}"
    return f"/{'/'.join(element.name for element in opened[1:])}"


def _read_attributes(text: str, tag: re.Match[str]) -> dict[str, re.Match[str]]:
    return {each[1].lower(): each for each in _ATTRIBUTE.finditer(text, *tag.span("attributes"))}


def _get(attributes: dict[str, re.Match[str]], name: str) -> str:
    match = attributes.get(name)
    return match[match.lastindex or 1] if match else ""


def _find_own_name(attributes: dict[str, re.Match[str]]) -> str:
    names = (_get(attributes, name) for name in ("name", "id", "key", "property"))
    return next(filter(None, names), "")


def _find_in_tag(attributes: dict[str, re.Match[str]]) -> Iterator[NamedValue]:
    """Yield the attributes of a tag; the value of an HTML input, and the content of a meta, have the tag's name."""
    own_name, kind = _find_own_name(attributes), _get(attributes, "type").lower()
    if kind == "password":
        own_name = own_name or kind
    is_button = kind in ("submit", "button", "reset", "checkbox", "radio")
    for attribute, each in attributes.items():
        is_own = attribute in ("value", "content") and own_name and not is_button
        name = ("password" if kind == "password" else own_name) if is_own else each[1].rpartition(":")[2]
        pattern = rf"{re.escape(each[1])}\s*=\s*[\"']?(?P<secret>[^\"'<>]+)"
        if is_own:
            pattern = rf"\b{re.escape(own_name)}\b[^<>]*?{pattern}"
        group = each.lastindex or 2
        yield NamedValue(name, *each.span(group), unescape(each[group]), Coding.MARKUP, pattern)


def _strip(found: NamedValue) -> NamedValue:
    left = len(found.value) - len(found.value.lstrip())
    right = len(found.value) - len(found.value.rstrip())
    return found._replace(start=found.start + left, end=found.end - right, value=found.value.strip())
