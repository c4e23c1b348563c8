"""Takes secrets out of JSON text and leaves every other character as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import takewhile

from store.secret_names import holds_secrets, is_secret, may_name_secrets

PLACEHOLDER = "REDACTED"

# Byte order marks, the NULs of UTF-16 and UTF-32, and white space may stand before the first bracket.
_STARTS_LIKE_JSON = re.compile(rb"[\xef\xbb\xbf\xff\xfe\0 \t\r\n]*+[{\[]")
_TOKEN = re.compile(
    r'(?P<text>"[^"\\]*+(?:\\.[^"\\]*+)*+")(?P<colon>\s*+:)?'
    r"|(?P<open>[{\[])|(?P<close>[}\]])"
    r'|(?P<other>[^\s{}\[\]:,"]++)'
)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_NO_VALUES = frozenset({"true", "false", "null"})


def redact_json(body: bytes) -> tuple[bytes, frozenset[str]]:
    """The body with a text in place of every secret, and the paths of those.

    A path is written `$.user.token`; `[*]` stands for any element of an array, `$['a.b']` for a name that is not plain;
    at a name with a quote in it, which has no such form, a path ends at the object that has that name.
    Under a secret name, texts and numbers are replaced, and all texts of a container; `true`, `false`, `null` and ""
    tell nothing and stay. What is no JSON object or array, or is nested too deeply to read, comes back as it is.
    """
    unchanged = (body, frozenset[str]())
    if not _STARTS_LIKE_JSON.match(body) or not may_name_secrets(body):
        return unchanged
    encoding = json.detect_encoding(body)
    try:
        text = body.decode(encoding, "surrogateescape")
        # Numbers stay text: Python refuses to read integers of more than 4,300 digits.
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return unchanged
    redacted, paths = _replace(text)
    return (redacted.encode(encoding, "surrogateescape"), paths) if paths else unchanged


def _replace(text: str) -> tuple[str, frozenset[str]]:
    pieces: list[str] = []
    paths: set[str] = set()
    done = 0
    for start, end, path in _secrets(text):
        pieces += (text[done:start], f'"{PLACEHOLDER}"')
        paths.add(path)
        done = end
    return "".join([*pieces, text[done:]]), frozenset(paths)


def _secrets(text: str) -> Iterator[tuple[int, int, str]]:
    """Where the secrets of a valid JSON text start and end, and their paths; without recursion."""
    names: list[str | None] = []  # of each open container the name being read, None in an array
    hidden = [False]
    for token in _TOKEN.finditer(text):
        name = names[-1] if names else None
        if token["colon"]:
            names[-1] = _name(token["text"])
        elif token["open"]:
            hidden.append(hidden[-1] or (name is not None and holds_secrets(name)))
            names.append("" if token["open"] == "{" else None)
        elif token["close"]:
            names.pop()
            hidden.pop()
        elif _is_secret_value(token, name, hidden[-1]):
            yield token.start(), token.end(), _path(names)


def _is_secret_value(token: re.Match[str], name: str | None, hidden: bool) -> bool:
    if token["text"]:
        return token["text"] != '""' and (hidden or (name is not None and holds_secrets(name)))
    return token["other"] not in _NO_VALUES and name is not None and is_secret(name)


def _name(quoted: str) -> str:
    return str(json.loads(quoted)) if "\\" in quoted else quoted[1:-1]


def _path(names: list[str | None]) -> str:
    sayable = takewhile(lambda name: name is None or "'" not in name, names)
    return "$" + "".join(map(_step, sayable))


def _step(name: str | None) -> str:
    if name is None:
        return "[*]"
    return f".{name}" if _PLAIN_NAME.fullmatch(name) else f"['{name}']"
