"""What is kept of a call, made from what was taken of it: in origin form, without secrets, long bodies cut."""

from __future__ import annotations

from dataclasses import replace

from understudy.serving.answers.replies import Reply
from understudy.serving.http1.request_reader import Arrived, RequestReader
from understudy.serving.http1.targets import in_origin_form
from understudy.serving.mock_server.directory import below_root
from understudy.store.model.calls import KEPT_BODY, Call
from understudy.store.model.messages import Body, BodyRef, Request, Response
from understudy.store.redaction.redactor import BUILT_IN, Redactor

LARGEST_LOOKED_INTO = 1024 * 1024  # bytes of a body in which secrets are looked for; of a larger one nothing is kept
REMEMBERED = 1_000
LONGEST_REMEMBERED = 4 * 1024  # bytes of an answer

Entry = tuple[bytes | Arrived, Reply, float, float]


class CallMaker:
    """Makes calls of entries. What was made of the same bytes, or of the same answer, is remembered.

    `at_root`: paths begin where the port's do, not with the mock server's slug.
    """

    def __init__(self, *, at_root: bool, redactor: Redactor = BUILT_IN) -> None:
        self._at_root = at_root
        self._redactor = redactor
        self._requests: dict[bytes, tuple[Request, int]] = {}
        self._responses: dict[Reply, Response | None] = {}

    def call(self, entry: Entry, owner: str) -> Call:
        """What is kept of a call to a mock server, whose id is `owner`."""
        came, reply, at, duration = entry
        request, size = self._asked(came)
        return Call(
            mock_server_id=owner,
            at=at,
            duration=duration,
            request=request,
            response=self._answered(reply),
            example_id=reply.example_id,
            example_name=reply.example_name,
            decision=reply.told,
            request_size=size,
            response_size=_size(reply),
        )

    def _asked(self, came: bytes | Arrived) -> tuple[Request, int]:
        """The request, and the size of its body."""
        if isinstance(came, Arrived):
            return self._request(came), len(came.body)
        known = self._requests.get(came)
        if known is None:
            arrived = next(event for event in RequestReader().feed(came) if isinstance(event, Arrived))
            known = self._request(arrived), len(arrived.body)
            if len(self._requests) >= REMEMBERED:
                self._requests.clear()
            self._requests[came] = known
        return known

    def _answered(self, reply: Reply) -> Response | None:
        if not reply.fixed or len(reply.body) > LONGEST_REMEMBERED:
            return self._kept_response(reply.response)
        if reply not in self._responses:
            if len(self._responses) >= REMEMBERED:
                self._responses.clear()
            self._responses[reply] = self._kept_response(reply.response)
        return self._responses[reply]

    def _request(self, arrived: Arrived) -> Request:
        request, _ = in_origin_form(arrived.request())
        if not self._at_root:
            request = below_root(request)
        body = _looked_into(request.body)
        request, _ = self._redactor.request(replace(request, body=body), body)
        return replace(request, body=_cut(request.body))

    def _kept_response(self, response: Response | None) -> Response | None:
        if response is None:
            return None
        body = _looked_into(response.body)
        redacted, _ = self._redactor.response(replace(response, body=body), body)
        return replace(redacted, body=_cut(redacted.body))


def lightened(reply: Reply) -> Reply:
    """The reply without a body of which nothing is kept: those that wait must not fill the memory."""
    if len(reply.body) <= LARGEST_LOOKED_INTO or reply.response is None:
        return reply
    response = replace(reply.response, body=BodyRef("", len(reply.body)))
    return replace(reply, head=b"", body=b"", response=response)


def _size(reply: Reply) -> int:
    body = b"" if reply.response is None else reply.response.body
    return body.size if isinstance(body, BodyRef) else len(reply.body) if reply.response else 0


def _looked_into(body: Body) -> bytes:
    return body if isinstance(body, bytes) and len(body) <= LARGEST_LOOKED_INTO else b""


def _cut(body: Body) -> bytes:
    assert isinstance(body, bytes)
    return body[:KEPT_BODY]
