"""The values of a request for templates: `$body`, `$queryParams`, `$pathSegments` and `$headers`.

Each takes the text between the quotes, or None, and returns None if the request has no such value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from understudy.matcher.normal_forms import decode_escapes, normalize_path
from understudy.matcher.parts.paths import split_segments
from understudy.store.content_codings import remove_codings
from understudy.store.model.messages import Request

_INDEX = re.compile(r"\[([0-9]{1,9})\]")
_STEP = re.compile(r"(?:\\.|[^\\.]++)++", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LONGEST_INDEX = 9  # digits; Python refuses to read numbers of more than 4,300


@dataclass(frozen=True)
class LiveRequest:
    """A request whose parts are parsed when a template first uses them."""

    request: Request

    def find_body(self, path: str | None) -> str | None:
        """Return the body as text; with a path such as `user.tags[0]`, a value of a JSON or form body."""
        if not path:
            return None if self._plain is None else self._plain.decode("utf-8", "replace")
        node = self._json
        if node is None:
            return self._form.get(_unescape(path))
        for step in _split_path(path):
            node = _descend(node, step)
            if node is None:
                return None
        return _as_text(node.value)

    def find_query(self, name: str | None) -> str | None:
        """Return the first value of a query parameter."""
        return None if name is None else self._query.get(_unescape(name))

    def find_segment(self, number: str | None) -> str | None:
        """Return a segment of the path, decoded; the first has number 0."""
        index = _parse_index(number or "", len(self._segments))
        return None if index is None else self._segments[index]

    def find_header(self, name: str | None) -> str | None:
        """Return all values of a header, joined (RFC 9110, section 5.3); None if they are empty."""
        if name is None or not name.isascii():
            return None
        return ", ".join(self.request.headers.get_all(_unescape(name))) or None

    @cached_property
    def _plain(self) -> bytes | None:
        body = self.request.body
        codings = ",".join(self.request.headers.get_all("content-encoding"))
        return remove_codings(codings, body) if isinstance(body, bytes) else None

    @cached_property
    def _json(self) -> _Json | None:
        if not self._plain:
            return None
        try:
            return _Json(json.loads(self._plain, parse_float=Decimal, parse_constant=_reject_constant))
        except (ValueError, ArithmeticError, RecursionError):
            return None

    @cached_property
    def _form(self) -> Mapping[str, str]:
        kind = self.request.headers.get("content-type") or ""
        is_form = kind.lower().startswith("application/x-www-form-urlencoded")
        return _parse_first_values(self._plain or b"") if is_form else {}

    @cached_property
    def _query(self) -> Mapping[str, str]:
        return _parse_first_values(self.request.query)

    @cached_property
    def _segments(self) -> list[str]:
        return [decode_escapes(segment) for segment in split_segments(normalize_path(self.request.path))[1:]]


REQUEST_VALUES: Mapping[str, Callable[[LiveRequest, str | None], str | None]] = {
    "$body": LiveRequest.find_body,
    "$queryParams": LiveRequest.find_query,
    "$pathSegments": LiveRequest.find_segment,
    "$headers": LiveRequest.find_header,
}


@dataclass(frozen=True, slots=True)
class _Json:
    """A JSON value; it distinguishes `null` from no value."""

    value: Any


def _split_path(path: str) -> Iterable[str]:
    # `tags[0]` and `tags.0` are the same path.
    return map(_unescape, _STEP.findall(_INDEX.sub(r".\1", path)))


def _unescape(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)


def _descend(node: _Json, step: str) -> _Json | None:
    match node.value:
        case dict() as members if step in members:
            return _Json(members[step])
        case list() as elements:
            index = _parse_index(step, len(elements))
            return None if index is None else _Json(elements[index])
    return None


def _parse_index(digits: str, length: int) -> int | None:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_INDEX):
        return None
    return int(digits) if int(digits) < length else None


def _as_text(value: Any) -> str | None:
    if isinstance(value, str | Decimal):
        return str(value)
    try:
        return json.dumps(value, default=float, allow_nan=False, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parse_first_values(encoded: bytes) -> Mapping[str, str]:
    pairs = parse_qsl(encoded.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(reversed(pairs))
