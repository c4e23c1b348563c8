"""Names for people: `GET /users/1` for a request, `GET /users/1 - 200` for an example of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_plus

from understudy.store.model.messages import Request, Response

NAME_LENGTH = 80
"""Characters a request's name may have: a line of a table, or of a terminal."""

SLUG_LENGTH = 63
"""A slug is a label of a host name too (RFC 1035, section 2.3.4)."""
SLUG_FORM = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
SHOWN_NAMES = 5
"""Names that an error lists."""


def name_request(request: Request) -> str:
    """Method, path and query with their escapes decoded, cut to 80 characters."""
    return _name_request(request.method, request.target)


@lru_cache(64)  # a request item and its examples are named one after the other
def _name_request(method: str, target: bytes) -> str:
    path, _, query = target.partition(b"?")
    told = f"?{unquote_plus(query.decode('utf-8', 'replace'))}" if query else ""
    name = escape_unprintable(f"{method} {unquote(path.decode('utf-8', 'replace'))}{told}")
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"


def name_example(request: Request, response: Response) -> str:
    """The name of the request, and the status of its answer."""
    return f"{name_request(request)} - {response.status}"


def slug_from_name(name: str) -> str:
    """The name as it can stand in URLs and host names: `Shop API (v2)` gives `shop-api-v2`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-") or "mock"


def is_slug(text: str) -> bool:
    """Whether a text can stand in URLs and host names as it is."""
    return len(text) <= SLUG_LENGTH and SLUG_FORM.fullmatch(text) is not None


def find_free_name(wanted: str, taken: Collection[str], separator: str = " ") -> str:
    """The wanted name, or with the first number from 2 that makes it one that is not taken."""
    if wanted not in taken:
        return wanted
    return next(name for n in range(2, len(taken) + 3) if (name := f"{wanted}{separator}{n}") not in taken)


def describe_choices(names: Sequence[str]) -> str:
    """What there is instead of what was asked for, the first few: `there are: a, b`."""
    if not names:
        return "there are none yet"
    return f"there are: {', '.join(names[:SHOWN_NAMES])}{', ...' if len(names) > SHOWN_NAMES else ''}"


def escape_unprintable(text: str) -> str:
    """The text with line ends, control characters and the like, which would disturb a terminal, escaped."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    return quote(character, safe="", errors="surrogateescape" if "\udc80" <= character <= "\udcff" else "replace")
