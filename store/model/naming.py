"""Names of requests (`GET /users/1`) and examples (`GET /users/1 - 200`), slugs, and free names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_plus

from understudy.store.model.messages import Request, Response

NAME_LENGTH = 80
"""The characters that the name of a request may have: a line of a table or of a terminal."""

SLUG_LENGTH = 63
"""The characters that a slug may have: it can be a label of a host name (RFC 1035, section 2.3.4)."""
SLUG_FORM = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
SHOWN_NAMES = 5
"""The number of names that an error lists."""
NEAREST_NAMES = 2
"""The number of names that an error suggests in the place of a mistyped one."""
LONGEST_WORD_PART = 3
"""The characters of a name that many longer words begin with by chance."""


def name_request(request: Request) -> str:
    """Return the name of a request: method, decoded path and decoded query, cut to `NAME_LENGTH` characters."""
    return _name_request(request.method, request.target)


@lru_cache(64)  # a request item and its examples are named in succession
def _name_request(method: str, target: bytes) -> str:
    path, _, query = target.partition(b"?")
    suffix = f"?{unquote_plus(query.decode('utf-8', 'replace'))}" if query else ""
    name = escape_unprintable(f"{method} {unquote(path.decode('utf-8', 'replace'))}{suffix}")
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"


def name_example(request: Request, response: Response) -> str:
    """Return the name of an example: that of its request, and the status of its response."""
    return f"{name_request(request)} - {response.status}"


def slug_from_name(name: str) -> str:
    """Return a slug for a name: `Shop API (v2)` becomes `shop-api-v2`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-") or "mock"


def is_slug(text: str) -> bool:
    """Whether a text is a slug, which URLs and host names can contain without escapes."""
    return len(text) <= SLUG_LENGTH and SLUG_FORM.fullmatch(text) is not None


def find_free_name(wanted: str, taken: Collection[str], separator: str = " ") -> str:
    """Return the wanted name, with the first number from 2 that makes it free if it is taken."""
    if wanted not in taken:
        return wanted
    return next(name for n in range(2, len(taken) + 3) if (name := f"{wanted}{separator}{n}") not in taken)


def find_nearest(wanted: str, names: Iterable[str], number: int = NEAREST_NAMES, *, likeness: float = 0.7) -> list[str]:
    """Return the names that a mistyped one was perhaps meant to be, the nearest first, compared without case.

    These are names with few differences, by a `likeness` of `difflib` from 0 to 1, those of the same letters, and those
    that go on after the text or that it goes on after.
    """
    from difflib import get_close_matches  # only errors need it

    text, by_form = wanted.lower(), dict[str, str]()
    for name in names:
        by_form.setdefault(name.lower(), str(name))
    longer = [form for form in by_form if len(text) > 1 and form.startswith(text)]
    shorter = [form for form in by_form if len(form) > LONGEST_WORD_PART and text.startswith(form)]
    swapped = [form for form in by_form if sorted(form) == sorted(text)]
    forms = dict.fromkeys([*swapped, *get_close_matches(text, by_form, number, likeness), *longer, *shorter])
    return [by_form[form] for form in forms][:number]


def suggest(wanted: str, names: Iterable[str]) -> str:
    """Return the question whether the nearest names were meant: `did you mean 'a' or 'b'?`; "" without any."""
    near = find_nearest(wanted, names)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else ""


def describe_choices(names: Sequence[str], wanted: str = "") -> str:
    """Return the end of an error about a name that does not exist: `did you mean 'a'?`, else `there are: a, b`."""
    if question := suggest(wanted, names):
        return question
    if not names:
        return "there are none yet"
    return f"there are: {', '.join(names[:SHOWN_NAMES])}{', ...' if len(names) > SHOWN_NAMES else ''}"


def escape_unprintable(text: str) -> str:
    """Return the text with line ends, control characters and other unprintable characters percent-encoded."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def escape_controls(text: str) -> str:
    """Return a text of several lines with all but printable characters, line ends, tabs and spaces percent-encoded.

    So is what changes the direction of writing or takes no place: a terminal would show another text than
    there is. A line end of CR and LF becomes LF.
    """
    return "\n".join(map(_escape_within_line, text.replace("\r\n", "\n").split("\n")))


def _escape_within_line(line: str) -> str:
    return line if line.isprintable() else "".join(c if _is_shown_within_line(c) else _escape(c) for c in line)


def _is_shown_within_line(character: str) -> bool:
    return character.isprintable() or character == "\t" or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    return quote(character, safe="", errors="surrogateescape" if "\udc80" <= character <= "\udcff" else "replace")
