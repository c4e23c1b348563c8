"""The text of an exchange that a search looks through: URL, headers and the bodies that are text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

from understudy.store.content_codings import remove_codings
from understudy.store.errors import UserError
from understudy.store.model.exchanges import Exchange
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Body, Headers, measure_body

if TYPE_CHECKING:
    from understudy.store.promotion import ReadStoredBody

MAX_STORED_BYTES = 1024 * 1024
"""A larger body is not searched."""
MAX_PLAIN_BYTES = 4 * 1024 * 1024
MAX_CHARACTERS = 256 * 1024
"""Of each body, from its beginning."""

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([A-Za-z0-9._-]+)", re.IGNORECASE)
_WORD_OR_PHRASE = re.compile(r'"([^"]*)"?|(\S+)')


def extract_text(exchange: Exchange, read: ReadStoredBody) -> tuple[str, str, str]:
    """Return the URL, the header fields and the bodies of an exchange as text; raises what `read` raises."""
    request, response = exchange.request, exchange.response
    fields, bodies = [*request.headers], [_extract_body(request.headers, request.body, read)]
    if response is not None:
        fields += response.headers
        bodies.append(_extract_body(response.headers, response.body, read))
    return unquote(request.url), "\n".join(f"{name}: {value}" for name, value in fields), "\n".join(bodies)


def split_search(text: str) -> list[str]:
    """Return the words and phrases of a search; a phrase is in double quotes. Raises UserError if there are none."""
    found = [(phrase or word).replace('"', " ").strip() for phrase, word in _WORD_OR_PHRASE.findall(text)]
    parts = [part for part in found if any(map(str.isalnum, part))]
    if not parts:
        raise UserError(f"a search needs a word, got {text!r}", field="search")
    return parts


def _extract_body(headers: Headers, body: Body, read: ReadStoredBody) -> str:
    if not body or measure_body(body) > MAX_STORED_BYTES:
        return ""
    content_type = headers.get("content-type") or ""
    plain = remove_codings(", ".join(headers.get_all("content-encoding")), read(body), MAX_PLAIN_BYTES)
    text = None if plain is None or b"\0" in plain else _decode(plain, content_type)
    return "" if text is None else _read_escapes(text, content_type)[:MAX_CHARACTERS]


def _decode(plain: bytes, content_type: str) -> str | None:
    charset = _CHARSET.search(content_type)
    for encoding in (charset[1] if charset else "utf-8", "utf-8"):
        try:
            return plain.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return None


def _read_escapes(text: str, content_type: str) -> str:
    """Return text as a person reads it, without the escapes of forms and JSON."""
    if parse_media_type(content_type) == "application/x-www-form-urlencoded":
        return unquote_plus(text)
    if "\\u" in text:
        try:
            return json.dumps(json.loads(text), ensure_ascii=False)
        except (ValueError, RecursionError):
            return text
    return text
