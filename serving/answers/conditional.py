"""Preconditions and ranges of requests, answered from a whole 200 (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import hashlib
import re
from calendar import timegm
from collections.abc import Set
from email.utils import parsedate

from understudy.matcher.parts.byte_ranges import parse_range
from understudy.matcher.parts.eligibility import RANGES, find_known_range
from understudy.matcher.parts.negotiation import read_exact_values
from understudy.serving.answers.body_schedule import slice_body
from understudy.serving.answers.outcomes import Outcome
from understudy.serving.fields.integrity import drop_false_digests
from understudy.store.model.collections import Example
from understudy.store.model.header_fields import CONDITION_FIELDS, compute_fingerprint, is_digest_field
from understudy.store.model.messages import Body, BodyRef, Headers, Request, Response, measure_body
from understudy.store.model.mock_servers import FaultKind
from understudy.store.model.values import replace

# A 304 or 412 has no content that these could describe (RFC 9110, section 15.4.5).
_CONTENT_FIELDS = ("content-type", "content-encoding", "content-language", "content-length", "content-range")
_ENTITY_TAG = re.compile(r'(?:W/)?"[^"]*"')


def has_conditions(request: Request, example: Example) -> bool:
    """Return whether a request has a precondition or range that its answer by this example may depend on."""
    if example.response.status != 200 or request.method not in ("GET", "HEAD"):
        return False
    return any(name.lower() in CONDITION_FIELDS for name, _ in request.headers.fields)


def apply_conditions(response: Response, request: Request, outcome: Outcome) -> Response:
    """Return the response to a request with preconditions or a range: 304, 412, 206, 416, or the same object.

    `response` is that of the example of `outcome`, in the coding that is sent. A field that the request of the example
    itself carried is not looked at, because the recording shows what the API does with it; nor any field of a request
    that chooses its example by a selector header. A 206 that holds all bytes is taken for a 200.
    """
    example = outcome.example
    if example is None or outcome.is_chosen:
        return response
    if example.response.status == 206:
        return _apply_to_part(response, request, outcome, example)
    if not has_conditions(request, example):
        return response
    own = {name.lower() for name, _ in example.request.headers.fields} & CONDITION_FIELDS
    return _apply_to_whole(response, request, outcome, own)


def _apply_to_part(response: Response, request: Request, outcome: Outcome, example: Example) -> Response:
    """Return what a request gets from a 206: that if it asks for the same range, else a piece of it."""
    known = find_known_range(example)
    is_same = read_exact_values(request.headers, RANGES) == read_exact_values(example.request.headers, RANGES)
    is_decoded = response.headers.get("content-encoding") != example.response.headers.get("content-encoding")
    if known is None or (is_same and not is_decoded) or "range" not in example.request.headers:
        return response
    if known.holds_all:
        headers = response.headers.drop(("content-range",))
        whole = replace(response, status=200, reason=b"", headers=headers)
        own = {name.lower() for name, _ in example.request.headers.fields} & CONDITION_FIELDS
        return _apply_to_whole(whole, request, outcome, own - {b"range"})
    asked = parse_range(request.headers.get_all("range"))
    located = known.locate(asked) if asked else None
    if located is None or is_decoded:
        return response
    first, last = located
    part = slice_body(response.body, first - known.first, last - known.first)
    size = "*" if known.size is None else known.size
    return _make_part(response, part, f"bytes {first}-{last}/{size}")


def _apply_to_whole(response: Response, request: Request, outcome: Outcome, own: Set[bytes]) -> Response:
    """Return what a request gets from a whole 200, without looking at the fields in `own`."""
    example = outcome.example
    assert example is not None
    asked = Headers(tuple(field for field in request.headers.fields if field[0].lower() not in own))
    if _fails(asked, response.headers):
        return _without_content(response, 412)
    # Validators of a body that was edited or filled in are those of another one.
    if _is_unchanged(asked, response.headers) and not outcome.is_filled and _has_recorded_response(example):
        return _without_content(response, 304)
    fault = example.behaviour.fault
    if request.method != "GET" or (fault is not None and fault.kind is FaultKind.UNFINISHED):
        return response
    return _cut(response, asked)


def _has_recorded_response(example: Example) -> bool:
    """Return whether the response was not edited; False for an edited example whose fingerprint cannot show that.

    The fingerprint of a redacted response is that of another spelling of its secrets.
    """
    if not example.edited:
        return True
    body = example.response.body
    digest = body.digest if isinstance(body, BodyRef) else hashlib.sha256(body).hexdigest()
    return compute_fingerprint(example.response, digest) == example.fingerprint


def _fails(asked: Headers, headers: Headers) -> bool:
    """Return whether If-Match, else If-Unmodified-Since, fails; one without its validator does not."""
    tags, tag = asked.get_all("if-match"), headers.get("etag")
    if tags:
        wanted = ",".join(tags)
        return tag is not None and wanted.strip() != "*" and (tag.startswith("W/") or tag not in _list_tags(wanted))
    limit, modified = _parse_date(asked.get("if-unmodified-since")), _parse_date(headers.get("last-modified"))
    return limit is not None and modified is not None and modified > limit


def _is_unchanged(asked: Headers, headers: Headers) -> bool:
    """Return whether If-None-Match, else If-Modified-Since, says that the client has this response."""
    tags, tag = asked.get_all("if-none-match"), headers.get("etag")
    if tags:
        wanted = ",".join(tags)
        return wanted.strip() == "*" or (
            tag is not None and tag.removeprefix("W/") in [one.removeprefix("W/") for one in _list_tags(wanted)]
        )
    limit, modified = _parse_date(asked.get("if-modified-since")), _parse_date(headers.get("last-modified"))
    return limit is not None and modified is not None and modified <= limit


def _list_tags(value: str) -> list[str]:
    return _ENTITY_TAG.findall(value)


def _parse_date(value: str | None) -> int | None:
    parts = parsedate(value) if value else None
    try:
        return timegm(parts) if parts is not None else None
    except ValueError:
        return None


def _cut(response: Response, asked: Headers) -> Response:
    """Return the range that is asked for, as 206, or 416; the whole response for several ranges and invalid ones."""
    wanted = parse_range(asked.get_all("range"))
    if wanted is None or not wanted.is_valid or not _is_same_as_before(asked, response.headers):
        return response
    size = measure_body(response.body)
    first, last = wanted.resolve(size)
    if first >= size or last < first:
        return _with_range(_without_content(response, 416), f"bytes */{size}", 0)
    return _make_part(response, slice_body(response.body, first, last), f"bytes {first}-{last}/{size}")


def _make_part(response: Response, part: Body, content_range: str) -> Response:
    headers = drop_false_digests(response.headers, part) if isinstance(part, bytes) else _drop_digests(response.headers)
    cut = replace(response, status=206, reason=b"", headers=headers, body=part, chunks=(), trailers=Headers())
    return _with_range(cut, content_range, measure_body(part))


def _is_same_as_before(asked: Headers, headers: Headers) -> bool:
    """Return whether If-Range, if there is one, names this response (RFC 9110, section 13.1.5)."""
    validator = asked.get("if-range")
    if validator is None:
        return True
    if '"' in validator:
        return not validator.startswith("W/") and validator.strip() == headers.get("etag")
    modified = _parse_date(headers.get("last-modified"))
    return modified is not None and _parse_date(validator) == modified


def _with_range(response: Response, content_range: str, length: int) -> Response:
    headers = response.headers.replace("Content-Range", content_range).replace("Content-Length", str(length))
    return replace(response, headers=headers)


def _without_content(response: Response, status: int) -> Response:
    """Return the response with this status, without a body and the fields that describe it; a 304 has no length."""
    headers = _drop_digests(response.headers.drop(_CONTENT_FIELDS))
    headers = headers if status == 304 else headers.replace("Content-Length", "0")
    return replace(response, status=status, reason=b"", headers=headers, body=b"", chunks=(), trailers=Headers())


def _drop_digests(headers: Headers) -> Headers:
    return Headers(tuple(field for field in headers.fields if not is_digest_field(field[0].lower())))
