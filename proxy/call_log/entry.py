"""Build the logged call from what a connection hands over: in origin form, without secrets, long bodies cut."""

from __future__ import annotations

from understudy.serving.answers.replies import Reply
from understudy.serving.http1.request_reader import RawRequest, RequestReader
from understudy.serving.http1.targets import to_origin_form
from understudy.serving.mock_server.directory import strip_mock_prefix
from understudy.store.model.calls import KEPT_BODY, Call
from understudy.store.model.messages import Body, BodyRef, Request, Response
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor

MAX_SCANNED_BYTES = 1024 * 1024  # of a body that is searched for secrets; a larger body is not logged
CACHE_ENTRIES = 1_000
MAX_CACHED_BYTES = 4 * 1024  # of a response body

CallEntry = tuple[bytes | RawRequest, Reply, float, float]


class CallBuilder:
    """A builder of calls, with a cache for equal requests and for equal answers.

    `at_root`: the paths of requests have no prefix with the mock server's slug.
    """

    def __init__(self, *, at_root: bool, redactor: Redactor = BUILT_IN_REDACTOR) -> None:
        self._at_root = at_root
        self._redactor = redactor
        self._requests: dict[bytes, tuple[Request, int]] = {}
        self._responses: dict[Reply, Response | None] = {}

    def build(self, entry: CallEntry, owner: str) -> Call:
        """Return the call to log, of the mock server whose id is `owner`."""
        raw, reply, at, duration = entry
        request, size = self._build_request(raw)
        return Call(
            mock_server_id=owner,
            at=at,
            duration=duration,
            request=request,
            response=self._build_response(reply),
            example_id=reply.example_id,
            example_name=reply.example_name,
            decision=reply.summary,
            request_size=size,
            response_size=_measure_body(reply),
        )

    def _build_request(self, raw: bytes | RawRequest) -> tuple[Request, int]:
        """Return the request and the size of its body."""
        if isinstance(raw, RawRequest):
            return self._redact_request(raw), len(raw.body)
        known = self._requests.get(raw)
        if known is None:
            parsed = next(event for event in RequestReader().feed(raw) if isinstance(event, RawRequest))
            known = self._redact_request(parsed), len(parsed.body)
            if len(self._requests) >= CACHE_ENTRIES:
                self._requests.clear()
            self._requests[raw] = known
        return known

    def _build_response(self, reply: Reply) -> Response | None:
        if not reply.is_cacheable or len(reply.body) > MAX_CACHED_BYTES:
            return self._redact_response(reply.response)
        if reply not in self._responses:
            if len(self._responses) >= CACHE_ENTRIES:
                self._responses.clear()
            self._responses[reply] = self._redact_response(reply.response)
        return self._responses[reply]

    def _redact_request(self, raw: RawRequest) -> Request:
        request, _ = to_origin_form(raw.to_request())
        if not self._at_root:
            request = strip_mock_prefix(request)
        body = _drop_unscannable(request.body)
        request, _ = self._redactor.redact_request(replace(request, body=body), body)
        return replace(request, body=_cut(request.body))

    def _redact_response(self, response: Response | None) -> Response | None:
        if response is None:
            return None
        body = _drop_unscannable(response.body)
        redacted, _ = self._redactor.redact_response(replace(response, body=body), body)
        return replace(redacted, body=_cut(redacted.body))


def drop_large_body(reply: Reply) -> Reply:
    """Return the reply without a body that is too large to be logged: waiting entries must not fill the memory."""
    if len(reply.body) <= MAX_SCANNED_BYTES or reply.response is None:
        return reply
    response = replace(reply.response, body=BodyRef("", len(reply.body)))
    return replace(reply, head=b"", body=b"", response=response)


def _measure_body(reply: Reply) -> int:
    body = b"" if reply.response is None else reply.response.body
    return body.size if isinstance(body, BodyRef) else len(reply.body) if reply.response else 0


def _drop_unscannable(body: Body) -> bytes:
    return body if isinstance(body, bytes) and len(body) <= MAX_SCANNED_BYTES else b""


def _cut(body: Body) -> bytes:
    assert isinstance(body, bytes)
    return body[:KEPT_BODY]
