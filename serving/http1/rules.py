"""Rules of HTTP/1.1 for heads that llhttp does not enforce: what two servers could read differently is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httptools

from understudy.serving.http1.limits import Limits

VERSIONS = {"1.1": "HTTP/1.1", "1.0": "HTTP/1.0"}
RawField = tuple[bytes, bytes]
RawFields = tuple[RawField, ...]

# A host and its port (RFC 3986, section 3.2.2); a user before them is refused (RFC 9110, section 4.2.4).
_AUTHORITY = rb"(?:\[[0-9A-Za-z:.%%_~-]+\]|[0-9A-Za-z._~!$&'()*+,;=%%-]%s)(?::[0-9]*)?"
_HOST = re.compile(_AUTHORITY % b"*")
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://" + _AUTHORITY % b"+" + rb"(?:[/?].*)?", re.DOTALL)

# A request line, or the beginning of one, whose method may be any token (RFC 9110, section 9.1).
_METHOD = rb"[\r\n]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)"
_LINE = re.compile(_METHOD + rb" \S+ HTTP/[0-9]\.[0-9]\r\n")
_LINE_BEGUN = re.compile(_METHOD + rb"(?: (?:\S+(?: [HTP/0-9.]*\r?)?)?)?")


@dataclass(frozen=True, slots=True)
class MalformedRequest:
    """A request that cannot be answered: the status and the reason. Nothing after it is read."""

    status: int
    message: str


BAD_LINE = MalformedRequest(400, "a request line is METHOD TARGET HTTP/1.1, with one space between each")


def check_size(target: bytes, fields: RawFields, raw: bytes, limits: Limits) -> MalformedRequest | None:
    """Return which limit a head is over; None if none."""
    if len(target) > limits.target:
        return refuse_target(limits)
    if len(raw) > limits.head:
        return refuse_head_size(limits)
    if len(fields) > limits.fields:
        return refuse_field_count(limits)
    return None


def refuse_target(limits: Limits) -> MalformedRequest:
    """Return the refusal of a target that is too long."""
    return MalformedRequest(414, f"the target is longer than {limits.target} bytes")


def refuse_head_size(limits: Limits) -> MalformedRequest:
    """Return the refusal of a head that is too large."""
    return MalformedRequest(431, f"the head is larger than {limits.head} bytes")


def refuse_field_count(limits: Limits) -> MalformedRequest:
    """Return the refusal of a head, or trailers, with too many fields."""
    return MalformedRequest(431, f"the request has more than {limits.fields} header fields")


def refuse_body_size(limits: Limits) -> MalformedRequest:
    """Return the refusal of a body that is too large."""
    return MalformedRequest(413, f"the body is larger than {limits.body} bytes")


def check_head(
    version: str, method: bytes, target: bytes, fields: RawFields, limits: Limits
) -> MalformedRequest | None:
    """Return what is wrong with a head that llhttp accepts; None if nothing."""
    if version not in VERSIONS:
        return refuse_version(version)
    hosts = codings = 0
    for name, value in fields:
        lower = name.lower()
        if lower == b"host":
            hosts += 1
            if _HOST.fullmatch(value) is None:
                return MalformedRequest(400, "Host takes a host and a port (RFC 9112, section 3.2)")
        elif lower == b"content-length":
            if int(value) > limits.body:
                return refuse_body_size(limits)
        elif lower == b"transfer-encoding":
            codings += 1
            if not value:
                return MalformedRequest(400, "Transfer-Encoding takes chunked, not nothing")
            if value.strip().lower() != b"chunked":
                return MalformedRequest(501, "Transfer-Encoding takes no coding except chunked")
    return _check_counts(version, hosts, codings) or _check_target(method, target, fields)


def refuse_version(version: str) -> MalformedRequest:
    """Return the refusal of another version of HTTP."""
    return MalformedRequest(505, f"the versions HTTP/1.1 and HTTP/1.0 are supported, not HTTP/{version}")


def is_unknown_method(error: httptools.HttpParserError) -> bool:
    """Return whether llhttp stopped at a method that it does not know, or knows of another protocol only."""
    return isinstance(error, httptools.HttpParserInvalidMethodError) or str(error).startswith(
        "Invalid method for HTTP/"
    )


def replace_unknown_method(data: bytes) -> tuple[bytes, bytes] | None:
    """Return the method of a request, and the request with POST instead; None if its request line is not complete.

    llhttp reads both alike: but for CONNECT, the framing of a request does not depend on its method.
    """
    line = _LINE.match(data)
    return None if line is None else (line[1], data[: line.start(1)] + b"POST" + data[line.end(1) :])


def has_request_line(data: bytes) -> bool:
    """Return whether these bytes begin with a complete request line."""
    return _LINE.match(data) is not None


def may_begin_request_line(data: bytes | bytearray) -> bool:
    """Return whether this can be the beginning of a request line."""
    return _LINE_BEGUN.fullmatch(data) is not None


def has_body(fields: RawFields) -> bool:
    """Return whether these fields announce a body, which may be empty."""
    return any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in fields)


def _check_counts(version: str, hosts: int, codings: int) -> MalformedRequest | None:
    if hosts != 1 and (hosts or version == "1.1"):
        return MalformedRequest(400, f"a request has one Host header (RFC 9112, section 3.2), this one has {hosts}")
    if codings > 1 or (codings and version == "1.0"):
        return MalformedRequest(
            400, "a request has at most one Transfer-Encoding, in HTTP/1.1 only (RFC 9112, section 6.1)"
        )
    return None


def _check_target(method: bytes, target: bytes, fields: RawFields) -> MalformedRequest | None:
    if method == b"CONNECT":
        if has_body(fields) or _HOST.fullmatch(target) is None:
            return MalformedRequest(400, "CONNECT takes a host and a port, and has no body")
        return None
    if target.startswith(b"/") or (target == b"*" and method == b"OPTIONS") or _ABSOLUTE.fullmatch(target):
        return None
    return MalformedRequest(
        400, "a target is a path, a URL with a host and no user, or * for OPTIONS (RFC 9112, section 3.2)"
    )
