"""Find the secrets in JSON text; all other characters stay as they are."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Set as AbstractSet
from itertools import takewhile
from math import inf

from understudy.store.model.json_paths import ANY_INDEX, format_json_path
from understudy.store.redaction.recognition.meanings import (
    HARMLESS_CONTAINERS,
    KEY_TYPE,
    NAMING_ENDINGS,
    PAIR_NAMES,
    PAIR_VALUES,
    PRIVATE_KEY_MEMBERS,
    SIBLINGS,
    is_list_of_names,
    shows_other_meaning,
)
from understudy.store.redaction.secret_finder import SecretFinder, is_secret
from understudy.store.redaction.secret_names import Secrecy
from understudy.store.redaction.text_edits import Edit, apply_edits, to_byte_edits

# Byte order marks, the NULs of UTF-16 and UTF-32, and white space may precede the first bracket.
_STARTS_LIKE_JSON = re.compile(rb"[\xef\xbb\xbf\xff\xfe\0 \t\r\n]*+[{\[]")
_TOKEN = re.compile(
    r'(?P<text>"[^"\\]*+(?:\\.[^"\\]*+)*+")(?P<colon>\s*+:)?'
    r"|(?P<open>[{\[])|(?P<close>[}\]])"
    r'|(?P<other>[^\s{}\[\]:,"]++)'
)
_NO_VALUES = frozenset({"true", "false", "null"})

# What the values of a container are: secret by their own names, by names of passwords alone, by none (objects in them
# are by their names again), or all of them.
_BY_NAMES, _HARMLESS, _NAMED_LIKE_THINGS, _ALL = range(4)

_NO_SIBLINGS: AbstractSet[str] = frozenset()

_NameStack = list[str | int | None]
"""For each open container the current name; ANY_INDEX in an array; None for a name that is itself a secret."""

_Replacement = tuple[int, int, str, str]
"""Start and end of a token in the text, the new text, and the path of the token."""

_MANIFEST = re.compile(r'"kind"\s*:\s*"Secret(?:List)?"')


def find_json_edits(body: bytes, finder: SecretFinder) -> tuple[list[Edit], frozenset[str]] | None:
    """Return the edits that redact a JSON object or array, and the paths of the secrets; None for any other body.

    A path is like `$.user.token`; `[*]` stands for any element of an array. The path of a name that is itself a secret
    ends at the object that contains it. `true`, `false`, `null` and "" reveal nothing and stay, and numbers but for
    those under a name that is always secret. A document that is nested too deeply for Python to read counts as not
    JSON.
    """
    if not _STARTS_LIKE_JSON.match(body):
        return None
    if not finder.may_find_in_json(body):
        return [], frozenset()
    encoding = json.detect_encoding(body)
    try:
        text = body.decode(encoding, "surrogateescape")
    except ValueError:
        return None
    found = _find_in_document(text, finder)
    if found is None:
        return None
    edits = [(start, end, new) for start, end, new, _ in found]
    paths = frozenset(path for *_, path in found)
    if encoding == "utf-8" or not edits:
        return to_byte_edits(text, edits, encoding), paths
    # Other encodings write a byte order mark at the start of each text, so the body is replaced as a whole.
    return [(0, len(body), apply_edits(text, edits).encode(encoding, "surrogateescape"))], paths


def redact_inner(value: str, finder: SecretFinder, secrecy: Secrecy) -> str | None:
    """Return a value without its secrets, None if it contains no secret: as a JSON document if it is one."""
    if '"' in value and not is_secret(secrecy, value) and value.lstrip().startswith(("{", "[")):
        found = _find_in_document(value, finder)
        if found is not None:
            return apply_edits(value, [(start, end, new) for start, end, new, _ in found]) if found else None
    return finder.redact_value(value, secrecy)


def _find_in_document(text: str, finder: SecretFinder) -> list[_Replacement] | None:
    """Return the replacements for the secrets of a JSON text, None for another text."""
    try:
        # Numbers stay text: Python refuses to read integers of more than 4,300 digits.
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    search = _Search(text, finder)
    found = search.run()
    # A secret may stand under another name before the one that gives it away.
    return _Search(text, finder).run() if search.has_repeated_secrets() else found


class _Search:
    """A search for the secrets of a valid JSON text, without recursion.

    Whether a `token` is a secret is decided at the end of its object, as other members may show another meaning.
    """

    def __init__(self, text: str, finder: SecretFinder) -> None:
        self._text = text
        self._finder = finder
        self._found: list[_Replacement] = []
        self._names: _NameStack = []
        self._modes = [_BY_NAMES]
        # How secret texts are that stand directly in each open container.
        self._direct = [Secrecy.NONE]
        self._secrets: Counter[str] = Counter()
        self._pending: dict[int, list[tuple[re.Match[str], str, str]]] = {}
        self._key_members: dict[int, list[tuple[re.Match[str], str]]] = {}
        self._siblings: dict[int, set[str]] = {}
        self._pairs: dict[int, tuple[str, re.Match[str] | None]] = {}
        # Where the next secret of a known form, or earlier find, begins.
        self._suspects = finder.find_suspects(text)
        self._suspect = next(self._suspects)
        self._is_manifest = finder.built_in and '"Secret' in text and _MANIFEST.search(text) is not None

    def run(self) -> list[_Replacement]:
        for token in _TOKEN.finditer(self._text):
            kind = token.lastgroup
            if kind == "text":
                self._read_text(token)
            elif kind == "colon":
                self._read_name(token)
            elif kind == "other":
                self._read_bare(token)
            elif kind == "open":
                self._open(token["open"])
            else:
                self._close()
        # The value of a pair may be a secret by its object's name too.
        return sorted({each[0]: each for each in self._found}.values())

    def has_repeated_secrets(self) -> bool:
        """Whether a secret that was found by its name, and is remembered, may be elsewhere in the text too."""
        return any(
            self._finder.remembers(secret) and self._text.count(secret) > count
            for secret, count in self._secrets.items()
        )

    def _read_name(self, token: re.Match[str]) -> None:
        name = _unquote(token["text"])
        self._names[-1] = name
        if name in SIBLINGS:
            self._siblings.setdefault(len(self._names), set()).add(name)
        if "\\" in token["text"] or self._is_suspect(token):
            new = self._finder.redact_value(name, Secrecy.NONE)
            if new is not None:
                self._names[-1] = None
                self._add(token.start("text"), token.end("text"), _quote(new))

    def _open(self, bracket: str) -> None:
        name = self._names[-1] if self._names else None
        mode, direct = self._modes[-1], Secrecy.NONE
        if mode == _NAMED_LIKE_THINGS and bracket == "{":
            mode = _BY_NAMES
        if isinstance(name, str):
            mode = self._classify_container(name, mode)
            direct = self._finder.classify_json_container(name)
        elif bracket == "[":
            direct = self._direct[-1]  # an array in an array
        self._modes.append(mode)
        self._direct.append(direct)
        self._names.append("" if bracket == "{" else ANY_INDEX)

    def _classify_container(self, name: str, mode: int) -> int:
        if self._finder.has_json_rules and self._finder.has_rule_for(name, _format_path(self._names)):
            return _ALL
        if self._is_manifest and name in ("data", "stringData"):
            return _ALL
        if mode != _BY_NAMES:
            return mode
        return _HARMLESS if name in HARMLESS_CONTAINERS else _NAMED_LIKE_THINGS if is_list_of_names(name) else mode

    def _close(self) -> None:
        depth = len(self._names)
        siblings = self._siblings.pop(depth, _NO_SIBLINGS) if self._siblings else _NO_SIBLINGS
        for token, name, path in self._pending.pop(depth, ()) if self._pending else ():
            if not shows_other_meaning(name, siblings):
                self._replace(token, path)
        for token, name in self._key_members.pop(depth, ()) if self._key_members else ():
            if KEY_TYPE in siblings:
                self._names[-1] = name
                self._replace(token, _format_path(self._names))
        name, value = self._pairs.pop(depth, ("", None)) if self._pairs else ("", None)
        if value is not None and is_secret(self._classify_pair(name), _unquote(value["text"])):
            self._names[-1] = "value"
            self._replace(value, _format_path(self._names))
        self._names.pop()
        self._modes.pop()
        self._direct.pop()

    def _classify_pair(self, name: str) -> Secrecy:
        """Return how secret the value of a pair with this name is: `{"cookies": [{"name": "sid", "value": "..."}]}`."""
        container = self._names[-3] if len(self._names) > 2 and self._names[-2] == ANY_INDEX else None
        in_list = isinstance(container, str) and name and self._finder.classify_json_container(container)
        return self._finder.classify_json_name(name) or (Secrecy.BY_LOOKS if in_list else Secrecy.NONE)

    def _read_bare(self, token: re.Match[str]) -> None:
        name = self._names[-1]
        if token["other"] in _NO_VALUES:
            return
        is_number_of_secret = isinstance(name, str) and self._finder.classify_json_name(name) is Secrecy.ALWAYS
        if (is_number_of_secret and self._modes[-1] == _BY_NAMES) or self._is_ruled(name):
            self._replace(token, _format_path(self._names))
        elif self._is_suspect(token):
            self._edit(token, self._finder.redact_value(token["other"], Secrecy.NONE))

    def _is_suspect(self, token: re.Match[str]) -> bool:
        """Whether a token without escapes may contain a secret of a known form, or an earlier find."""
        if self._suspect in (inf, -inf):
            return self._suspect == -inf
        start, end = token.span()
        while self._suspect < start:
            self._suspect = next(self._suspects)
        return self._suspect < end

    def _is_ruled(self, name: str | int | None) -> bool:
        if self._modes[-1] == _ALL:
            return True
        finder = self._finder
        return finder.has_json_rules and finder.has_rule_for(
            name if isinstance(name, str) else None, _format_path(self._names)
        )

    def _read_text(self, token: re.Match[str]) -> None:
        quoted, name = token["text"], self._names[-1]
        if quoted == '""':
            return None
        if self._is_ruled(name):
            return self._replace(token, _format_path(self._names))
        secrecy = self._classify_text(name)
        # Escapes hide quotes, and letters before a secret.
        looks_inside = "=" in quoted or "\\" in quoted or self._is_suspect(token)
        if name in PAIR_NAMES or name in PAIR_VALUES:
            self._read_pair(token, str(name))
        if name in PRIVATE_KEY_MEMBERS and self._finder.built_in:
            self._key_members.setdefault(len(self._names), []).append((token, str(name)))
        if not (secrecy or looks_inside):
            return None
        value = _unquote(quoted)
        if secrecy and is_secret(secrecy, value):
            return self._replace_later(token, name, secrecy)
        if looks_inside:
            self._edit(token, redact_inner(value, self._finder, Secrecy.NONE))
        return None

    def _classify_text(self, name: str | int | None) -> Secrecy:
        mode = self._modes[-1]
        if mode == _NAMED_LIKE_THINGS:
            return Secrecy.NONE
        secrecy = self._direct[-1]
        if isinstance(name, str):
            secrecy = self._finder.classify_json_name(name) or self._classify_member(name)
        return secrecy if mode == _BY_NAMES or secrecy is Secrecy.ALWAYS else Secrecy.NONE

    def _classify_member(self, name: str) -> Secrecy:
        """Return how secret a text is by the name of its object: `{"password": {"value": ...}}`."""
        direct = self._direct[-1]
        if not direct or name in PAIR_VALUES:
            return direct
        return Secrecy.NONE if name.lower().endswith(NAMING_ENDINGS) else Secrecy.BY_LOOKS

    def _read_pair(self, token: re.Match[str], name: str) -> None:
        """Note a pair like {"name": "password", "value": "..."}."""
        depth = len(self._names)
        pair_name, value = self._pairs.get(depth, ("", None))
        if name in PAIR_NAMES:
            self._pairs[depth] = _unquote(token["text"]), value
        else:
            self._pairs[depth] = pair_name, token

    def _replace_later(self, token: re.Match[str], name: str | int | None, secrecy: Secrecy) -> None:
        path = _format_path(self._names)
        if secrecy is Secrecy.BY_LOOKS and isinstance(name, str):
            self._pending.setdefault(len(self._names), []).append((token, name, path))
        elif secrecy is Secrecy.ALWAYS and name == ANY_INDEX and " " in token["text"]:
            return  # messages about a password, as validation returns them
        else:
            self._replace(token, path)

    def _replace(self, token: re.Match[str], path: str) -> None:
        quoted = token["text"]
        secret = token["other"] if quoted is None else _unquote(quoted)
        new = self._finder.replace_secret(secret)
        self._secrets[secret] += 1
        self._found.append((token.start(), token.end(), _quote(new), path))

    def _edit(self, token: re.Match[str], new: str | None) -> None:
        if new is not None:
            self._add(token.start(), token.end(), _quote(new))

    def _add(self, start: int, end: int, written: str) -> None:
        self._found.append((start, end, written, _format_path(self._names)))


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
