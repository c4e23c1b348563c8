"""Canonical forms of forms (pairs in any order) and multipart bodies (parts, without the boundary)."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from urllib.parse import quote

from understudy.matcher import normal_forms
from understudy.matcher.body_forms.open_places import Mark, Marks

MAX_PAIRS = 100_000  # larger forms are compared as bytes: each pair costs a microsecond or two
MAX_PARTS = 10_000
MAX_HEAD = 64 * 1024  # bytes of the header of one part

_INLINE = 256  # bytes of a part up to which its canonical form contains it, so that explanations can show it
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]*)"|([^;\s]*))', re.IGNORECASE)
_PART_NAME = re.compile(r';\s*name=(?:"([^"]*)"|([^\s;]+))', re.IGNORECASE)
_WILD_PART = re.compile(rb"\{\{[^{}]+\}\}")


def canonicalize_form(body: bytes, marks: Marks) -> bytes:
    """Return the sorted pairs of a form, with a mark for each value left open, without ignored pairs.

    Raises ValueError for too many pairs.
    """
    if body.count(b"&") > MAX_PAIRS:
        raise ValueError("too many pairs")
    pairs = (
        f"{_quote(name)}={marks[name] if name in marks else _quote(value)}"
        for name, value in normal_forms.parse_query_pairs(body)
        if marks.get(name) is not Mark.IGNORED
    )
    return "&".join(sorted(pairs)).encode("ascii")


def canonicalize_multipart(body: bytes, content_type: str, marks: Marks) -> bytes:
    """Return the parts in order, without the boundary (RFC 7578, section 5.2) and without ignored parts.

    Raises ValueError if the body is not multipart.
    """
    parts = (_canonicalize_part(piece, marks) for piece in _split_parts(body, content_type))
    return b"\n".join(part for part in parts if part is not None)


def list_canonical_parts(body: bytes, content_type: str, marks: Marks) -> list[tuple[str, bytes]]:
    """Return the name and the canonical form of each part that counts; raises ValueError if it is not multipart."""
    pieces = [(piece, _canonicalize_part(piece, marks)) for piece in _split_parts(body, content_type)]
    return [(_find_name(_parse_part(piece)[0]), part) for piece, part in pieces if part is not None]


def find_wild_parts(body: bytes, content_type: str) -> frozenset[str]:
    """Return the names of the parts of an example that are a single `{{name}}`, and the only part of that name."""
    parts = [(_find_name(fields), content) for fields, content in map(_parse_part, _split_parts(body, content_type))]
    counts = Counter(name for name, _ in parts)
    return frozenset(name for name, content in parts if name and counts[name] == 1 and _WILD_PART.fullmatch(content))


def _quote(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def _split_parts(body: bytes, content_type: str) -> list[bytes]:
    found = _BOUNDARY.search(content_type)
    boundary = (found[1] or found[2]) if found else ""
    if not boundary:
        raise ValueError("multipart without a boundary (RFC 2046, section 5.1.1)")
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"), MAX_PARTS + 2)
    if len(pieces) == 1 or len(pieces) > MAX_PARTS + 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("multipart without its closing delimiter, or of too many parts")
    return pieces[1:-1]


def _parse_part(piece: bytes) -> tuple[list[tuple[str, str]], bytes]:
    padding, line_end, rest = piece.partition(b"\r\n")
    if padding.strip() or not line_end:
        raise ValueError("a part that begins on the line of its delimiter")
    # A part without header fields begins with the empty line (RFC 2046, section 5.1).
    head, empty_line, content = (b"\r\n" + rest).partition(b"\r\n\r\n")
    if not empty_line:
        raise ValueError("a part without the empty line after its header")
    if len(head) > MAX_HEAD:
        raise ValueError("a part with a header as long as a body")
    return sorted(_parse_field(line) for line in head.split(b"\r\n") if line), content


def _canonicalize_part(piece: bytes, marks: Marks) -> bytes | None:
    fields, content = _parse_part(piece)
    part_name = _find_name(fields)
    if marks.get(part_name) is Mark.IGNORED:
        return None
    return f"{fields!a} {marks[part_name] if part_name in marks else _describe_content(content)}".encode("ascii")


def _parse_field(line: bytes) -> tuple[str, str]:
    name, _, value = line.partition(b":")
    return normal_forms.text_from_bytes(name).strip().lower(), normal_forms.text_from_bytes(value).strip()


def _find_name(fields: list[tuple[str, str]]) -> str:
    dispositions = (value for name, value in fields if name == "content-disposition")
    return next((found[1] or found[2] for value in dispositions if (found := _PART_NAME.search(value))), "")


def _describe_content(content: bytes) -> str:
    if len(content) <= _INLINE:
        return repr(content)
    return f"{len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}"
