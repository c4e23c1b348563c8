"""Strict parsing of the heads of HTTP/1.1 messages that a gateway passes on to another server or client.

A usual head is proved well-formed by one regular expression, which takes less time than a parser object for each head.
httptools (llhttp) parses all others; this module refuses what it accepts and RFC 9112 forbids. Both ways return the
same for the heads that both can read. No sockets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import httptools
from msgspec import Struct

from understudy.serving.http1.framing import Chunked, Framing, UntilClose, framing_from_fields
from understudy.serving.http1.limits import DEFAULT_GATEWAY_LIMITS, Limits
from understudy.serving.http1.rules import (
    BAD_LINE,
    VERSIONS,
    MalformedRequest,
    RawFields,
    check_head,
    check_size,
    has_request_line,
    is_unknown_method,
    refuse_body_size,
    refuse_head_size,
    refuse_target,
    refuse_version,
    replace_unknown_method,
)
from understudy.store.model.values import replace

HEAD_END = b"\r\n\r\n"
FORWARDING = DEFAULT_GATEWAY_LIMITS.forwarding
LONGEST_RESPONSE_HEAD = 512 * 1024
# What no head has in any of its lines (RFC 9112, sections 2.2 and 5): a bare LF, a bare CR, NUL, or a folded line.
_FAULT = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|\0|\n[ \t]")
# A field line of a head that llhttp accepted: it has no other lines.
_FIELD = re.compile(rb"([^:\r\n]+):[ \t]*([^\r\n]*)\r\n")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*([0-9]+(?:[ \t]*,[ \t]*[0-9]+)*)[ \t]*\r\n")
# The lines of usual fields (RFC 9112, section 5), none of them folded, and none with white space behind its value.
_FIELD_LINES = rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t -~\x80-\xff]*+(?<![\t ])\r\n)*+\r\n"
_USUAL_FIELD = re.compile(rb"([^:]++):[ \t]*+([^\r]*+)\r\n")
_USUAL_HOST = re.compile(rb"[0-9A-Za-z.-]++(?::[0-9]++)?")
_USUAL_TARGET = rb"(?:http://[0-9A-Za-z.-]++(?::[0-9]++)?)?/[!\"$-~]*+"
_USUAL_REQUEST = re.compile(
    rb"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (" + _USUAL_TARGET + rb") HTTP/1\.1\r\n" + _FIELD_LINES
)
_USUAL_RESPONSE = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9]) ([!-~](?:[ -~]*+(?<! ))?+)\r\n" + _FIELD_LINES)
# The fields that llhttp or this module read. Of a usual head, each of them has one of a few values.
_READ_FIELDS = frozenset(
    (b"host", b"connection", b"content-length", b"transfer-encoding", b"upgrade", b"proxy-connection")
)
_MOST_DIGITS = 18
# Of a request line, beside its target: the method and the version.
_LONGEST_REST_OF_LINE = 1024
_ASCII = bytes(byte if byte < 0x80 else ord("x") for byte in range(256))


class RequestHead(Struct):
    """The head of a request; `raw` is its bytes up to and including the empty line, `target` is as received."""

    method: str
    target: bytes
    fields: RawFields
    http_version: str
    raw: bytes
    keep_alive: bool
    upgrade: bool
    framing: Framing


class ResponseHead(Struct):
    """The head of a response; `ends_connection`: the connection carries no further response."""

    status: int
    reason: bytes
    fields: RawFields
    http_version: str
    raw: bytes
    ends_connection: bool
    framing: Framing


@dataclass(frozen=True, slots=True)
class UnsupportedRequest:
    """The request is HTTP/2."""


class UpstreamProtocolError(Exception):
    """The upstream sends bytes that are not HTTP/1.1, or can be read in more than one way."""


class _HeadCallbacks:
    """The callbacks of httptools for one head."""

    __slots__ = ("is_complete", "reason")

    def __init__(self) -> None:
        self.reason = b""
        self.is_complete = False

    def on_status(self, reason: bytes) -> None:
        """Take a piece of the reason phrase."""
        self.reason += reason

    def on_headers_complete(self) -> None:
        """Note that the head is complete."""
        self.is_complete = True


def read_request(raw: bytes, limits: Limits = FORWARDING) -> RequestHead | MalformedRequest | UnsupportedRequest:
    """Parse the head of a request of any method, from its first byte to its empty line."""
    head = read_usual_request(raw)
    if head is None:
        return read_any_request(raw, limits)
    if head.framing.size > limits.body:
        return refuse_body_size(limits)
    if len(raw) > limits.target or len(head.fields) > limits.fields:
        return check_size(head.target, head.fields, raw, limits) or head
    return head


def check_partial_head(data: bytes, start: int, limits: Limits) -> MalformedRequest | None:
    """Return why a head is refused of which only these bytes have come; None if it may go on.

    Those before `start` were checked already.
    """
    line_end = data.find(b"\r\n")
    if line_end < 0 and len(data) > limits.target + _LONGEST_REST_OF_LINE:
        return refuse_target(limits)
    if len(data) > limits.head:
        return refuse_head_size(limits)
    if _FAULT.search(data, max(0, start - 1)) is not None:
        return MalformedRequest(400, "the lines of a head end with CR LF, and none has a CR, LF or NUL in it")
    if start <= line_end + 1 and line_end >= 0 and not has_request_line(data):
        # In HTTP/0.9 a line without a version is a whole request: the client sends no more.
        return refuse_version("0.9") if data.count(b" ", 0, line_end) == 1 else BAD_LINE
    return None


def read_response(raw: bytes, method: str) -> ResponseHead:
    """Parse the head of a response to a request of this method; raises UpstreamProtocolError."""
    return read_usual_response(raw, method) or read_any_response(raw, method)


def read_usual_request(raw: bytes) -> RequestHead | None:
    """Parse the head of a usual request; return None for any other."""
    line = _USUAL_REQUEST.fullmatch(raw)
    if line is None:
        return None
    fields = tuple(_USUAL_FIELD.findall(raw, line.end(2) + len(" HTTP/1.1\r\n")))
    known = _read_known_fields(fields)
    if known is None:
        return None
    framing, option, host = known
    if host is None:
        return None
    keep_alive = option != b"close"
    method = line[1].decode("ascii")
    return RequestHead(method, line[2], fields, "HTTP/1.1", raw, keep_alive, False, framing or Framing(0))


def read_usual_response(raw: bytes, method: str) -> ResponseHead | None:
    """Parse the head of a usual response; return None for any other."""
    line = _USUAL_RESPONSE.fullmatch(raw)
    if line is None:
        return None
    fields = tuple(_USUAL_FIELD.findall(raw, line.end(2) + len("\r\n")))
    known = _read_known_fields(fields)
    if known is None:
        return None
    framing, option, _ = known
    if option == b"close":
        return None
    status = int(line[1])
    if method == "HEAD" or status in (204, 304):
        framing = Framing(0)
    elif framing is None:
        framing = UntilClose()
    return ResponseHead(status, line[2], fields, "HTTP/1.1", raw, framing.until_close, framing)


def _read_known_fields(fields: RawFields) -> tuple[Framing | None, bytes | None, bytes | None] | None:
    """Return the framing, the option of Connection, and the host; None if such a field is unusual or comes twice."""
    framing: Framing | None = None
    option = host = None
    for name, value in fields:
        lower = name.lower()
        if lower not in _READ_FIELDS:
            continue
        if lower == b"host" and host is None and _USUAL_HOST.fullmatch(value) is not None:
            host = value
        elif lower == b"content-length" and framing is None and value.isdigit() and len(value) <= _MOST_DIGITS:
            framing = Framing(int(value))
        elif lower == b"transfer-encoding" and framing is None and value.lower() == b"chunked":
            framing = Chunked()
        elif lower == b"connection" and option is None and value.lower() in (b"keep-alive", b"close"):
            option = value.lower()
        else:
            return None
    return framing, option, host


def read_any_request(raw: bytes, limits: Limits = FORWARDING) -> RequestHead | MalformedRequest | UnsupportedRequest:
    """Parse the head of a request as `read_request` does, by llhttp."""
    if raw.startswith(b"PRI * HTTP/2"):
        return UnsupportedRequest()
    callbacks = _HeadCallbacks()
    parser = httptools.HttpRequestParser(callbacks)
    upgrade = False
    try:
        parser.feed_data(_mask_non_ascii(raw))
    except httptools.HttpParserUpgrade:
        upgrade = True
    except httptools.HttpParserError as error:
        if is_unknown_method(error):
            return _read_unknown_method(raw, limits)
        refusal = MalformedRequest(400, f"the bytes are not HTTP/1.1: {error}")
        if not callbacks.is_complete:
            return refusal
        # The lines can be read, what the fields announce cannot.
        return _check_parsed(parser, raw, limits) or refusal
    problem = _check_parsed(parser, raw, limits)
    if problem is not None or not callbacks.is_complete:
        return problem or BAD_LINE
    method, version, fields = parser.get_method(), parser.get_http_version(), _parse_fields(raw)
    target = raw.split(b" ", 2)[1]
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


def _check_parsed(parser: httptools.HttpRequestParser, raw: bytes, limits: Limits) -> MalformedRequest | None:
    """Return what is wrong with a head whose lines llhttp has read."""
    method, version = parser.get_method(), parser.get_http_version()
    # llhttp accepts several spaces as one, where another reader may see an empty target, and two other protocols.
    parts = raw[: raw.index(b"\r\n")].split(b" ")
    if len(parts) != 3 or parts[0] != method or not parts[1] or parts[2] != b"HTTP/" + version.encode("ascii"):
        return BAD_LINE
    fields = _parse_fields(raw)
    return check_size(parts[1], fields, raw, limits) or check_head(version, method, parts[1], fields, limits)


def _read_unknown_method(raw: bytes, limits: Limits) -> RequestHead | MalformedRequest | UnsupportedRequest:
    replaced = replace_unknown_method(raw)
    if replaced is None:
        return BAD_LINE
    method, readable = replaced
    head = read_any_request(readable, limits)
    return replace(head, method=method.decode("ascii"), raw=raw) if isinstance(head, RequestHead) else head


def read_any_response(raw: bytes, method: str) -> ResponseHead:
    """Parse the head of a response as `read_response` does, by llhttp; raises UpstreamProtocolError."""
    try:
        parser, callbacks = _parse_response(raw)
    except httptools.HttpParserError as error:
        raise UpstreamProtocolError(f"what it sends is not HTTP/1.1: {error}") from None
    version, status, fields = parser.get_http_version(), parser.get_status_code(), _parse_fields(raw)
    if version not in VERSIONS or not callbacks.is_complete:
        raise UpstreamProtocolError(
            f"its version is HTTP/{version}" if version not in VERSIONS else "its head ends too early"
        )
    bodyless = method == "HEAD" or status in (204, 304) or status < 200
    framing = framing_from_fields(fields, until_close=not bodyless)
    ends = framing.until_close or (not parser.should_keep_alive() and _is_closing(version, fields))
    if bodyless:
        framing = framing_from_fields(())
    return ResponseHead(status, callbacks.reason, fields, VERSIONS[version], raw, ends, framing)


def _parse_response(raw: bytes) -> tuple[httptools.HttpResponseParser, _HeadCallbacks]:
    callbacks = _HeadCallbacks()
    parser = httptools.HttpResponseParser(callbacks)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError:
        merged = _merge_lengths(raw)
        if merged == raw:
            raise
        return _parse_response(merged)
    return parser, callbacks


def _merge_lengths(raw: bytes) -> bytes:
    """Return a head that repeats one Content-Length as a head with one, which llhttp accepts.

    A client may accept such a response (RFC 9110, section 8.6), so a gateway passes it on.
    """
    fields = list(_LENGTH.finditer(raw))
    lengths = {length.strip() for one in fields for length in one[1].split(b",")}
    if len(lengths) != 1 or (len(fields) == 1 and b"," not in fields[0][1]):
        return raw
    return _LENGTH.sub(b"", raw[: -len(HEAD_END)] + b"\r\n") + b"Content-Length: " + lengths.pop() + HEAD_END


def _mask_non_ascii(raw: bytes) -> bytes:
    # llhttp refuses targets that are not ASCII, which some clients send; the target is parsed elsewhere.
    line, end, rest = raw.partition(b"\r\n")
    return raw if line.isascii() else line.translate(_ASCII) + end + rest


def _parse_fields(raw: bytes) -> RawFields:
    # A callback of httptools for each field would take three times as long.
    fields = _FIELD.findall(raw, raw.index(b"\r\n") + 2)
    return tuple([(name, value.rstrip(b" \t")) for name, value in fields])


def _is_closing(version: str, fields: RawFields) -> bool:
    options = [value.lower() for name, value in fields if name.lower() == b"connection"]
    tokens = {option.strip() for option in b",".join(options).split(b",")} if options else ()
    return b"close" in tokens or (version == "1.0" and b"keep-alive" not in tokens)
