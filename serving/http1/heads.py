"""Heads of HTTP/1.1 messages on their way through: read strictly, since what passes is read again by somebody else.

httptools (llhttp) reads; what it lets pass and RFC 9112 does not is refused here. No sockets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import httptools

from understudy.serving.http1.framing import Framing, framing_from_fields
from understudy.serving.http1.limits import Limits
from understudy.serving.http1.rules import VERSIONS, MalformedRequest, RawFields, check_head, refuse_version

HEAD_END = b"\r\n\r\n"
# A gateway takes what its upstream may take; these only bound what is held.
PASSTHROUGH_LIMITS = Limits(target=256 * 1024, head=512 * 1024, fields=2_000, body=2**63)
# A field line of a head that llhttp took: there are no others in it.
_FIELD = re.compile(rb"([^:\r\n]+):[ \t]*([^\r\n]*)\r\n")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*([0-9]+(?:[ \t]*,[ \t]*[0-9]+)*)[ \t]*\r\n")
_ASCII = bytes(byte if byte < 0x80 else ord("x") for byte in range(256))


@dataclass(slots=True)
class RequestHead:
    """The head of a request; `raw` are its bytes up to and including the empty line, `target` is what came."""

    method: str
    target: bytes
    fields: RawFields
    http_version: str
    raw: bytes
    keep_alive: bool
    upgrade: bool
    framing: Framing


@dataclass(slots=True)
class ResponseHead:
    """The head of a response; `ends_connection`: nothing comes after it on its connection."""

    status: int
    reason: bytes
    fields: RawFields
    http_version: str
    raw: bytes
    ends_connection: bool
    framing: Framing


@dataclass(frozen=True, slots=True)
class UnsupportedRequest:
    """The first bytes of what is not spoken here: HTTP/2, or a method that llhttp does not know."""


class UpstreamProtocolError(Exception):
    """What the upstream sends is no HTTP/1.1, or can be read in more than one way."""


class _HeadCallbacks:
    """What httptools tells of one head that its bytes do not."""

    __slots__ = ("reason", "whole")

    def __init__(self) -> None:
        self.reason = b""
        self.whole = False

    def on_status(self, reason: bytes) -> None:
        """The reason phrase, or a piece of it."""
        self.reason += reason

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self.whole = True


def read_request(raw: bytes) -> RequestHead | MalformedRequest | UnsupportedRequest:
    """The head of a request, from its first byte to its empty line."""
    if raw.startswith(b"PRI * HTTP/2"):
        return UnsupportedRequest()
    told = _HeadCallbacks()
    parser = httptools.HttpRequestParser(told)
    upgrade = False
    try:
        parser.feed_data(_mask_non_ascii(raw))
    except httptools.HttpParserUpgrade:
        upgrade = True
    except httptools.HttpParserInvalidMethodError:
        return UnsupportedRequest()
    except httptools.HttpParserError as error:
        return MalformedRequest(400, f"that is not HTTP/1.1: {error}")
    method, version, fields = parser.get_method(), parser.get_http_version(), _parse_fields(raw)
    target = _parse_target(raw, method)
    if target is None or not told.whole:
        return MalformedRequest(400, "a request line is a method, a target and a version (RFC 9112, section 3)")
    problem = check_head(version, method, target, fields, PASSTHROUGH_LIMITS)
    if problem is not None:
        return problem
    return RequestHead(
        method.decode("ascii"),
        target,
        fields,
        VERSIONS[version],
        raw,
        not _is_closing(version, fields),
        upgrade,
        framing_from_fields(fields),
    )


def read_response(raw: bytes, method: str) -> ResponseHead:
    """The head of a response to a request of this method; raises UpstreamBroken."""
    try:
        parser, told = _parse_response(raw)
    except httptools.HttpParserError as error:
        raise UpstreamProtocolError(f"what it sends is not HTTP/1.1: {error}") from None
    version, status, fields = parser.get_http_version(), parser.get_status_code(), _parse_fields(raw)
    if version not in VERSIONS or not told.whole:
        raise UpstreamProtocolError(
            f"it speaks HTTP/{version}" if version not in VERSIONS else "its head ends too early"
        )
    bodyless = method == "HEAD" or status in (204, 304) or status < 200
    framing = framing_from_fields(fields, until_close=not bodyless)
    ends = framing.until_close or (not parser.should_keep_alive() and _is_closing(version, fields))
    if bodyless:
        framing = framing_from_fields(())
    return ResponseHead(status, told.reason, fields, VERSIONS[version], raw, ends, framing)


def _parse_response(raw: bytes) -> tuple[httptools.HttpResponseParser, _HeadCallbacks]:
    told = _HeadCallbacks()
    parser = httptools.HttpResponseParser(told)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError:
        once = _merge_lengths(raw)
        if once == raw:
            raise
        return _parse_response(once)
    return parser, told


def _merge_lengths(raw: bytes) -> bytes:
    """A head that tells its length several times, always the same, as one that llhttp reads.

    Its client may take such an answer, and does without a gateway (RFC 9110, section 8.6).
    """
    told = list(_LENGTH.finditer(raw))
    lengths = {length.strip() for one in told for length in one[1].split(b",")}
    if len(lengths) != 1 or (len(told) == 1 and b"," not in told[0][1]):
        return raw
    return _LENGTH.sub(b"", raw[: -len(HEAD_END)] + b"\r\n") + b"Content-Length: " + lengths.pop() + HEAD_END


def check_version(data: bytes) -> MalformedRequest | None:
    """The answer to a request line without a version, whose client waits: nothing more will come."""
    line, end, _ = data.partition(b"\r\n")
    return refuse_version("0.9") if end and line.count(b" ") == 1 else None


def _mask_non_ascii(raw: bytes) -> bytes:
    # llhttp refuses targets with bytes beyond ASCII, which clients do send; the target is not taken from it.
    line, end, rest = raw.partition(b"\r\n")
    return raw if line.isascii() else line.translate(_ASCII) + end + rest


def _parse_target(raw: bytes, method: bytes) -> bytes | None:
    # llhttp takes more than one space; another reader may take the second for the target.
    line = raw[: raw.index(b"\r\n")]
    parts = line.split(b" ")
    return parts[1] if len(parts) == 3 and parts[0] == method and parts[1] else None


def _parse_fields(raw: bytes) -> RawFields:
    # Called back by httptools for each, they would take three times as long.
    found = _FIELD.findall(raw, raw.index(b"\r\n") + 2)
    return tuple([(name, value.rstrip(b" \t")) for name, value in found])


def _is_closing(version: str, fields: RawFields) -> bool:
    options = [value.lower() for name, value in fields if name.lower() == b"connection"]
    tokens = {option.strip() for option in b",".join(options).split(b",")} if options else ()
    return b"close" in tokens or (version == "1.0" and b"keep-alive" not in tokens)
