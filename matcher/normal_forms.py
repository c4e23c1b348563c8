"""Normal forms of paths and queries, ids and wildcards (docs/matching.md, "Normal forms").

Texts that mean the same have the same normal form. All text is UTF-8 with surrogate escapes, so that every byte string
has a form of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import itemgetter
from urllib.parse import unquote_to_bytes

from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

Pair = tuple[str, str]

MAX_SECRET_LENGTH = 4096  # characters read beyond the shown ones, so that a secret that begins in these is recognised

_ESCAPED = frozenset(b"/\\%\x7f") | frozenset(range(0x20))  # the bytes that stay escaped in a normal path
# An escape, or one of the characters that stay escaped: raw ones equal their escapes, a stray % too.
_ODD = re.compile(rb"%[0-9A-Fa-f]{2}|[\\%\x00-\x1f\x7f]")
_PLAIN = bytes(set(range(0x80)) - _ESCAPED | {ord("/")})
_ORIGIN = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/]*")

# All alternatives are of fixed shape and anchored at both ends, so the time is linear in the segment's length.
_ID = re.compile(
    r"[0-9]+"
    r"|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"  # UUID (RFC 9562, section 4)
    r"|[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}"  # ULID: 128 bits in Crockford's base 32 (github.com/ulid/spec)
    r"|[0-9A-Fa-f]{12,}"
    r"|[A-Za-z]+[-_](?=[A-Za-z]*[0-9])[A-Za-z0-9]{6,}"  # cus_9s6XKzkNRiz8i3
)
_IDS = re.compile(f"/(?:{_ID.pattern})(?![^/])")
_ANY_ID = "\0"  # a normal path never contains it: a raw NUL becomes %00

# These two are used on examples only, never on requests.
_BRACES = re.compile(r"([^{}]*)\{\{([^{}]+)\}\}([^{}]*)")
_COLON = re.compile(r"():([A-Za-z_][A-Za-z0-9_-]*+)([^{}]*)")
_ANY_WILDCARD = re.compile(rb"\{\{[^{}]+\}\}|^:[A-Za-z_][A-Za-z0-9_-]*+")


def text_from_bytes(raw: bytes) -> str:
    """Decode bytes as text that can be encoded back to the same bytes."""
    return raw.decode("utf-8", "surrogateescape")


def format_for_display(text: str, width: int = 120) -> str:
    """Return text for people, at most `width` characters long: secrets redacted, unprintable characters escaped.

    A request must not be able to send control sequences to a terminal.
    """
    text = BUILT_IN_REDACTOR.redact_text(text[: width + MAX_SECRET_LENGTH])
    clean = "".join(letter if letter.isprintable() else _escape(letter) for letter in text[: width + 1])
    return clean if len(clean) <= width else clean[: width - 1] + "…"


def _escape(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"  # a byte that is not UTF-8
    return letter.encode("unicode_escape").decode("ascii")


def extract_path(path: bytes) -> bytes:
    """Return the path of a target: without the origin of an absolute form, `/` if empty (RFC 9110, section 4.2.3)."""
    if path.startswith(b"/"):
        return path
    origin = _ORIGIN.match(path)
    return path[origin.end() if origin else 0 :] or b"/"


def normalize_path(path: bytes) -> str:
    """Return the normal form of a path.

    All escapes are decoded but those of `/`, the backslash, `%` and control characters, which have upper-case
    hexadecimal digits, raw or not. So `%2F` never equals `/`. `..` and `//` stay.
    """
    if path[:1] == b"/" and not path.translate(None, _PLAIN):
        return path.decode("ascii")  # most paths: no character in them has a second spelling
    return text_from_bytes(_ODD.sub(_normalize_escape, extract_path(path)))


def _normalize_escape(found: re.Match[bytes]) -> bytes:
    piece = found[0]
    byte = int(piece[1:], 16) if len(piece) > 1 else piece[0]
    # The raw form is the normal one where possible, because it can be folded and shown.
    return b"%%%02X" % byte if byte in _ESCAPED else bytes([byte])


def fold(text: str) -> str:
    """Return the text without case, letter by letter: its length is unchanged, so that offsets stay valid."""
    if text.isascii():
        return text.lower()
    return "".join(lower if len(lower := letter.lower()) == 1 else letter for letter in text)


def trim(text: str) -> str:
    """Return the path without its trailing slashes."""
    return text.rstrip("/")


def get_trailing_slashes(text: str) -> str:
    """Return the trailing slashes that `trim` removes."""
    return text[len(trim(text)) :]


def is_id(segment: str) -> bool:
    """Return whether a segment is an id: digits, UUID, ULID, 12 or more hexadecimal digits, or an id with a prefix."""
    return _ID.fullmatch(segment) is not None


def fold_and_trim(text: str) -> str:
    """Return the path without its trailing slashes and without case."""
    return fold(text.rstrip("/"))


def replace_ids(text: str) -> str | None:
    """Return the path with the same mark in the place of every id; None if it contains no id."""
    if not text.startswith("/"):
        marked = replace_ids("/" + text)
        return None if marked is None else marked[1:]
    marked, count = _IDS.subn("/" + _ANY_ID, text)
    return marked if count else None


def parse_query_pairs(query: bytes) -> tuple[Pair, ...]:
    """Return names and values of a query or form, decoded and sorted: their order does not count, repeats do.

    `+` equals `%20`, `a` equals `a=`, and an empty piece between two `&` is skipped (url.spec.whatwg.org, section 5.1).
    """
    if not query:
        return ()
    return tuple(sorted(parse_query_pair(piece) for piece in query.split(b"&") if piece))


def parse_ordered_pairs(query: bytes) -> tuple[Pair, ...]:
    """Return the same pairs, sorted by name alone: the values of a repeated name keep their order."""
    return tuple(sorted((parse_query_pair(piece) for piece in query.split(b"&") if piece), key=itemgetter(0)))


def parse_query_pair(piece: bytes) -> Pair:
    """Return name and value of one `name=value`, decoded."""
    name, _, value = piece.partition(b"=")
    return _decode_form_text(name), _decode_form_text(value)


def _decode_form_text(raw: bytes) -> str:
    return text_from_bytes(unquote_to_bytes(raw.replace(b"+", b" ")))


def decode_escapes(text: str) -> str:
    """Return a piece of a normal path with its escapes decoded, for people and templates."""
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")


def decode_folded(segment: str) -> str:
    """Return a folded segment of a normal path with its escapes decoded, for comparing it by characters."""
    return text_from_bytes(unquote_to_bytes(segment.encode("utf-8", "surrogateescape"))) if "%" in segment else segment


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A segment that stands for any segment with this prefix and suffix (both in normal form, without case)."""

    name: str
    prefix: str
    suffix: str

    def fits(self, segment: str) -> bool:
        """Return whether a folded segment has both literals, and at least one character between them."""
        return (
            len(segment) > len(self.prefix) + len(self.suffix)
            and segment.startswith(self.prefix)
            and segment.endswith(self.suffix)
        )

    def capture(self, segment: str) -> str:
        """Return the text that the wildcard stands for in a segment that fits."""
        return decode_escapes(segment[len(self.prefix) : len(segment) - len(self.suffix)])


def parse_wildcard(segment: bytes) -> Wildcard | None:
    """Return the wildcard of an example's raw segment (`{{n}}` or `:name`), or None.

    Wildcards are recognised before percent-decoding. A literal may stand before and after one (`v{{n}}`, `:id.json`); a
    segment with two wildcards counts as literal.
    """
    text = text_from_bytes(segment)
    found = _BRACES.fullmatch(text) or _COLON.fullmatch(text)
    if not found:
        return None
    prefix, name, suffix = found.groups()
    return Wildcard(name.strip(), fold_literal(prefix), fold_literal(suffix))


def has_two_wildcards(segment: bytes) -> bool:
    """Return whether a raw segment was meant to have more than one wildcard, which is not supported."""
    return len(_ANY_WILDCARD.findall(segment)) > 1


def fold_literal(text: str) -> str:
    """Return the normal form of a piece of a path, without case."""
    return fold(text_from_bytes(_ODD.sub(_normalize_escape, text.encode("utf-8", "surrogateescape"))))


def parse_wild_query_value(value: bytes) -> tuple[str, str] | None:
    """Return the literals, decoded, around the wildcard of a raw query value, `v{{n}}` or `:name`; None without one.

    A value with two wildcards is literal.
    """
    text = text_from_bytes(value)
    found = _BRACES.fullmatch(text)
    if found is not None:
        start, end = (
            parse_query_pair(b"=" + each.encode("utf-8", "surrogateescape"))[1] for each in (found[1], found[3])
        )
        return start, end
    named = _COLON.fullmatch(text)
    return ("", "") if named is not None and not named[3] else None


def is_wild_value(value: bytes) -> bool:
    """Return whether a raw value of an example is a single `{{name}}`."""
    found = _BRACES.fullmatch(text_from_bytes(value))
    return found is not None and not found[1] and not found[3]
