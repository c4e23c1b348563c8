"""Preconditions and ranges of requests, answered from a whole 200 (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from calendar import timegm
from email.utils import parsedate

from understudy.serving.answers.outcomes import Outcome
from understudy.serving.fields.integrity import drop_false_digests
from understudy.store.model.collections import Example
from understudy.store.model.header_fields import CONDITION_FIELDS, is_digest_field
from understudy.store.model.messages import Headers, Request, Response
from understudy.store.model.mock_servers import FaultKind
from understudy.store.model.values import replace

# A 304 or 412 has no content that these could describe (RFC 9110, section 15.4.5).
_CONTENT_FIELDS = ("content-type", "content-encoding", "content-language", "content-length", "content-range")
_ONE_RANGE = re.compile(r"bytes[ \t]*=[ \t,]*(?:(\d+)-(\d*)|-(\d+))[ \t,]*", re.IGNORECASE)
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
    that chooses its example by a selector header.
    """
    example, selectors = outcome.example, outcome.decision.selectors
    if example is None or selectors.code is not None or selectors.is_named or not has_conditions(request, example):
        return response
    own = {name.lower() for name, _ in example.request.headers.fields} & CONDITION_FIELDS
    asked = Headers(tuple(field for field in request.headers.fields if field[0].lower() not in own))
    if _fails(asked, response.headers):
        return _without_content(response, 412)
    is_original = not (example.edited or outcome.is_filled)  # else its validators are those of another body
    if is_original and _is_unchanged(asked, response.headers):
        return _without_content(response, 304)
    fault = example.behaviour.fault
    if request.method != "GET" or (fault is not None and fault.kind is FaultKind.UNFINISHED):
        return response
    return _cut(response, asked, response.body) if isinstance(response.body, bytes) else response


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


def _cut(response: Response, asked: Headers, body: bytes) -> Response:
    """Return the range that is asked for, as 206, or 416; the whole response for several ranges and invalid ones."""
    ranges = asked.get_all("range")
    found = _ONE_RANGE.fullmatch(ranges[0].strip()) if len(ranges) == 1 else None
    if found is None or not _is_same_as_before(asked, response.headers):
        return response
    size = len(body)
    first, last = _resolve_range(found, size)
    if found[1] and found[2] and int(found[2]) < int(found[1]):
        return response  # invalid (RFC 9110, section 14.1.1)
    if first >= size or last < first:
        return _with_range(_without_content(response, 416), f"bytes */{size}", 0)
    part = body[first : last + 1]
    headers = drop_false_digests(response.headers, part)
    cut = replace(response, status=206, reason=b"", headers=headers, body=part, chunks=(), trailers=Headers())
    return _with_range(cut, f"bytes {first}-{last}/{size}", len(part))


def _resolve_range(found: re.Match[str], size: int) -> tuple[int, int]:
    if found[3]:
        return max(0, size - int(found[3])), size - 1 if int(found[3]) else -1
    return int(found[1]), min(int(found[2]), size - 1) if found[2] else size - 1


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
    fields = response.headers.drop(_CONTENT_FIELDS).fields
    kept = tuple(field for field in fields if not is_digest_field(field[0].lower()))
    headers = Headers(kept) if status == 304 else Headers((*kept, (b"Content-Length", b"0")))
    return replace(response, status=status, reason=b"", headers=headers, body=b"", chunks=(), trailers=Headers())
