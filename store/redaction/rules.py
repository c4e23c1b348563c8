"""Redaction rules of a store, which add to the built-in names and patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from understudy.store.errors import UserError
from understudy.store.model.json_paths import ANY_INDEX, format_json_path, parse_json_path
from understudy.store.redaction.secret_patterns import SecretPatterns

ANYWHERE = "$.."
_JSON_NAME = re.compile(r"\$\.\.[^.\[\]'*\s]+")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2


@dataclass(frozen=True, slots=True)
class Rules:
    """The names and patterns of secrets.

    `headers` are names of header fields in lower case, `query` names of query parameters and form fields. `json` are
    paths such as `$.user.ssn`, `$.cards[*].number` or, at any depth, `$..ssn`; a value at such a path is secret with
    all it contains. `patterns` are regular expressions for values and texts; if one has a group named `secret`, only
    the match of that group is secret.
    """

    headers: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()
    json: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        headers: Iterable[str] = (),
        query: Iterable[str] = (),
        json: Iterable[str] = (),
        patterns: Iterable[str] = (),
    ) -> Rules:
        """Return rules from the texts of a user; raise UserError that describes the expected form."""
        return cls(
            frozenset(_check_header(name) for name in headers),
            frozenset(_check_name(name) for name in query),
            frozenset(_check_path(path) for path in json),
            tuple(dict.fromkeys(_check_pattern(text) for text in patterns)),
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Rules:
        """Return the rules that `as_json` wrote; missing members are empty."""
        return cls.of(**{field.name: value.get(field.name, ()) for field in fields(cls)})

    def as_json(self) -> dict[str, list[str]]:
        """Return the rules as a JSON object."""
        return {
            "headers": sorted(self.headers),
            "query": sorted(self.query),
            "json": sorted(self.json),
            "patterns": list(self.patterns),
        }

    def __or__(self, other: Rules) -> Rules:
        return Rules(
            self.headers | other.headers,
            self.query | other.query,
            self.json | other.json,
            tuple(dict.fromkeys(self.patterns + other.patterns)),
        )

    def __sub__(self, other: Rules) -> Rules:
        return Rules(
            self.headers - other.headers,
            self.query - other.query,
            self.json - other.json,
            tuple(pattern for pattern in self.patterns if pattern not in other.patterns),
        )

    def __bool__(self) -> bool:
        return self != NO_RULES


NO_RULES = Rules()


def _check_header(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name.strip()):
        raise UserError(f"a rule for headers is the name of a header field, such as X-Session, got {name!r}")
    return name.strip().lower()


def _check_name(name: str) -> str:
    if not name:
        raise UserError("a rule for queries and forms is the name of a parameter, such as session, got an empty one")
    return name


def _check_path(path: str) -> str:
    try:
        return path if _JSON_NAME.fullmatch(path) else _normalize_path(path)
    except ValueError:
        raise UserError(
            f"a rule for JSON is a path such as $.user.ssn, $.cards[*].number or $..ssn (at any depth), got {path!r}"
        ) from None


def _normalize_path(path: str) -> str:
    steps = parse_json_path(path)
    # Redaction uses `[*]` for all elements of an array, so a rule for a single element would never apply.
    if not steps or any(step == "*" or (isinstance(step, int) and step != ANY_INDEX) for step in steps):
        raise ValueError("expected names and [*]")
    return format_json_path(steps)


def _check_pattern(text: str) -> str:
    try:
        matches_nothing = re.compile(text).fullmatch("") is not None
        SecretPatterns([text])
    except (re.error, ValueError, RecursionError, OverflowError) as error:
        raise UserError(
            f"a pattern is a regular expression such as 'tok_[a-z0-9]{{20}}', got {text!r}: {error}"
        ) from None
    if matches_nothing:
        raise UserError(f"a pattern must not match the empty text, got {text!r}")
    return text
