"""Find the secrets in JSON text; all other characters stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import takewhile

from understudy.store.model.json_paths import ANY_INDEX, format_json_path
from understudy.store.redaction.secret_finder import SecretFinder
from understudy.store.redaction.text_edits import Edit, apply_edits, to_byte_edits

# Byte order marks, the NULs of UTF-16 and UTF-32, and white space may precede the first bracket.
_STARTS_LIKE_JSON = re.compile(rb"[\xef\xbb\xbf\xff\xfe\0 \t\r\n]*+[{\[]")
_TOKEN = re.compile(
    r'(?P<text>"[^"\\]*+(?:\\.[^"\\]*+)*+")(?P<colon>\s*+:)?'
    r"|(?P<open>[{\[])|(?P<close>[}\]])"
    r'|(?P<other>[^\s{}\[\]:,"]++)'
)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NO_VALUES = frozenset({"true", "false", "null"})

# The values of a container that are secret.
_NONE, _TEXTS, _ALL = range(3)

_NameStack = list[str | int | None]
"""For each open container the current name; ANY_INDEX in an array; None for a name that is itself a secret."""

_Replacement = tuple[int, int, str, str]
"""Start and end of a token in the text, the new text, and the path of the token."""


def find_json_edits(body: bytes, finder: SecretFinder) -> tuple[list[Edit], frozenset[str]] | None:
    """Return the edits that redact a JSON object or array, and the paths of the secrets; None for any other body.

    A path is like `$.user.token`; `[*]` stands for any element of an array. The path of a name that is itself a secret
    ends at the object that contains it. Under a secret name texts and numbers are replaced, and all texts of a
    container; `true`, `false`, `null` and "" reveal nothing and stay. A document that is nested too deeply for Python
    to read counts as not JSON.
    """
    if not _STARTS_LIKE_JSON.match(body):
        return None
    if not finder.may_find_in_json(body):
        return [], frozenset()
    encoding = json.detect_encoding(body)
    try:
        text = body.decode(encoding, "surrogateescape")
        # Numbers stay text: Python refuses to read integers of more than 4,300 digits.
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    found = list(_find_secrets(text, finder))
    edits = [(start, end, new) for start, end, new, _ in found]
    paths = frozenset(path for *_, path in found)
    if encoding == "utf-8" or not edits:
        return to_byte_edits(text, edits, encoding), paths
    # Other encodings write a byte order mark at the start of each text, so the body is replaced as a whole.
    return [(0, len(body), apply_edits(text, edits).encode(encoding, "surrogateescape"))], paths


def _find_secrets(text: str, finder: SecretFinder) -> Iterator[_Replacement]:
    """Yield the replacements for the secrets of a valid JSON text, without recursion."""
    names: _NameStack = []
    secrecy = [_NONE]
    may_find = finder.may_find_in_values(text)
    for token in _TOKEN.finditer(text):
        if token["colon"]:
            names[-1] = _unquote(token["text"])
            if may_find:
                yield from _redact_name(token, names, finder)
        elif token["open"]:
            secrecy.append(_classify_container(names, secrecy[-1], finder))
            names.append("" if token["open"] == "{" else ANY_INDEX)
        elif token["close"]:
            names.pop()
            secrecy.pop()
        else:
            yield from _redact_value(token, names, secrecy[-1], finder, may_find=may_find)


def _classify_container(names: _NameStack, outer: int, finder: SecretFinder) -> int:
    name = _get_name(names)
    if outer == _ALL or (finder.has_json_rules and finder.has_rule_for(name, _format_path(names))):
        return _ALL
    return _TEXTS if outer or (name is not None and finder.is_secret_json_name(name, text=True)) else _NONE


def _redact_name(token: re.Match[str], names: _NameStack, finder: SecretFinder) -> Iterator[_Replacement]:
    new = finder.redact_value(_get_name(names) or "", secret=False)
    if new is not None:
        names[-1] = None
        yield token.start("text"), token.end("text"), _quote(new), _format_path(names)


def _redact_value(
    token: re.Match[str], names: _NameStack, secrecy: int, finder: SecretFinder, *, may_find: bool
) -> Iterator[_Replacement]:
    quoted, bare = token["text"], token["other"]
    if quoted == '""' or bare in _NO_VALUES:
        return
    name = _get_name(names)
    is_secret = secrecy == _ALL or (quoted is not None and secrecy == _TEXTS)
    is_secret = is_secret or (name is not None and finder.is_secret_json_name(name, text=quoted is not None))
    is_secret = is_secret or (finder.has_json_rules and finder.has_rule_for(name, _format_path(names)))
    if not is_secret and not may_find:
        return
    new = finder.redact_value(bare if quoted is None else _unquote(quoted), secret=is_secret)
    if new is not None:
        written = new if quoted is None and _NUMBER.fullmatch(new) else _quote(new)
        yield token.start(), token.end(), written, _format_path(names)


def _get_name(names: _NameStack) -> str | None:
    name = names[-1] if names else None
    return name if isinstance(name, str) else None


def _format_path(names: _NameStack) -> str:
    return format_json_path(step for step in takewhile(lambda name: name is not None, names) if step is not None)


def _unquote(quoted: str) -> str:
    return str(json.loads(quoted)) if "\\" in quoted else quoted[1:-1]


def _quote(text: str) -> str:
    # Surrogates that stand for bytes outside UTF-8 stay unescaped; an escaped half of a pair is escaped again.
    try:
        plain = json.dumps(text, ensure_ascii=False)
        plain.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return json.dumps(text)
    return plain
