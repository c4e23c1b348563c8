"""Multipart bodies by their parts, without the boundary; each part has a media type of its own (RFC 2046)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from understudy.matcher import normal_forms
from understudy.matcher.body_forms.kinds import BodyKind, parse_body_type
from understudy.matcher.body_forms.open_places import Mark, Marks

MAX_PARTS = 10_000
MAX_HEAD = 64 * 1024  # bytes of the header of one part
MAX_NESTING = 8  # multipart bodies inside each other; a deeper one is compared as bytes

_INLINE = 256  # bytes of a part up to which its canonical form contains it, so that explanations can show it
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]*)"|([^;\s]*))', re.IGNORECASE)
# Of a body without Content-Type, its first line shows the boundary (RFC 2046, section 5.1.1: at most 70 characters).
_FIRST_LINE = re.compile(rb"--([0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-])[ \t]*\r\n")
_PART_NAME = re.compile(r';\s*name=(?:"([^"]*)"|([^\s;]+))', re.IGNORECASE)

PartFields = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BodyPart:
    """One part: its header fields, sorted and with names in lower case, and its content."""

    fields: PartFields
    content: bytes

    @property
    def content_type(self) -> str | None:
        """The Content-Type of the part, or None."""
        return next((value for name, value in self.fields if name == "content-type"), None)

    @cached_property
    def name(self) -> str:
        """The name of the form field that the part is; "" if it has none."""
        dispositions = (value for name, value in self.fields if name == "content-disposition")
        return next((found[1] or found[2] for value in dispositions if (found := _PART_NAME.search(value))), "")

    @property
    def head(self) -> PartFields:
        """The fields as they are compared: of a Content-Type the media type counts, for empty content not even that."""
        if self.content_type is None:
            return self.fields
        others = tuple(field for field in self.fields if field[0] != "content-type")
        return (*others, ("content-type", parse_body_type(self.content_type).media)) if self.content else others


DescribePart = Callable[[BodyPart], tuple[BodyKind, bytes]]
"""Returns the kind that the content of a part is compared as, and its canonical form."""


def split_parts(body: bytes, content_type: str) -> list[BodyPart]:
    """Return the parts of a multipart body; raises ValueError if it is not multipart.

    If `content_type` is empty, the boundary is read from the body.
    """
    boundary = _find_boundary(body, content_type)
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary, MAX_PARTS + 2)
    if len(pieces) == 1 or len(pieces) > MAX_PARTS + 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("multipart without its closing delimiter, or of too many parts")
    return [_parse_part(piece) for piece in pieces[1:-1]]


def canonicalize_multipart(body: bytes, content_type: str, marks: Marks, describe: DescribePart) -> bytes:
    """Return the parts in order, without the boundary (RFC 7578, section 5.2) and without ignored parts.

    Raises ValueError if the body is not multipart.
    """
    parts = split_parts(body, content_type)
    return b"\n".join(
        canonicalize_part(part, marks, describe) for part in parts if marks.get(part.name) is not Mark.IGNORED
    )


def canonicalize_part(part: BodyPart, marks: Marks, describe: DescribePart) -> bytes:
    """Return the canonical form of one part, with a mark for a content that is left open."""
    content = marks[part.name] if part.name in marks else _write_content(*describe(part))
    return f"{part.head!a} {content}".encode("ascii")


def _write_content(kind: BodyKind, text: bytes) -> str:
    shown = repr(text) if len(text) <= _INLINE else f"{len(text)} bytes, SHA-256 {hashlib.sha256(text).hexdigest()}"
    return shown if kind is BodyKind.BYTES else f"{kind} {shown}"


def _find_boundary(body: bytes, content_type: str) -> bytes:
    if content_type:
        found = _BOUNDARY.search(content_type)
        boundary = (found[1] or found[2] or "").encode("latin-1") if found else b""
    else:
        first = _FIRST_LINE.match(body)
        boundary = first[1] if first else b""
    if not boundary:
        raise ValueError("multipart without a boundary (RFC 2046, section 5.1.1)")
    return boundary


def _parse_part(piece: bytes) -> BodyPart:
    padding, line_end, rest = piece.partition(b"\r\n")
    if padding.strip() or not line_end:
        raise ValueError("a part that begins on the line of its delimiter")
    # A part without header fields begins with the empty line (RFC 2046, section 5.1).
    head, empty_line, content = (b"\r\n" + rest).partition(b"\r\n\r\n")
    if not empty_line:
        raise ValueError("a part without the empty line after its header")
    if len(head) > MAX_HEAD:
        raise ValueError("a part with a header as long as a body")
    return BodyPart(tuple(sorted(_parse_field(line) for line in head.split(b"\r\n") if line)), content)


def _parse_field(line: bytes) -> tuple[str, str]:
    name, _, value = line.partition(b":")
    return normal_forms.text_from_bytes(name).strip().lower(), normal_forms.text_from_bytes(value).strip()
