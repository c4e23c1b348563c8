"""What a gateway says itself, where there is no answer to pass on: JSON errors, as the bytes of HTTP/1.1."""

from __future__ import annotations

import os
import re

from understudy.serving.answers.answer import error, refusal
from understudy.serving.http1.heads import RequestHead
from understudy.serving.http1.rules import Malformed
from understudy.serving.http1.wire import CLOSE, KEEP, head_of, with_connection
from understudy.store.errors import StoreError
from understudy.store.model.messages import Origin, Response

NO_UPSTREAM = error(
    400,
    "noUpstreamError",
    "This gateway is a forward proxy: set it as your client's proxy, or start it with --upstream URL.",
)
NOT_HERE = error(400, "malformedRequestError", "That target is no http or https URL, or not one of this tunnel's host.")


def elsewhere(upstream: Origin) -> Response:
    """A reverse proxy is asked for another host."""
    message = f"This gateway calls {upstream} only; start one without --upstream to have a forward proxy."
    return error(403, "otherUpstreamError", message)


def unreachable(origin: Origin, reason: str) -> Response:
    """The upstream cannot be reached."""
    return error(502, "upstreamUnreachableError", f"cannot reach {_with_port(origin)}: {reason}")


def broken(origin: Origin, reason: str) -> Response:
    """The upstream gave no answer that could be passed on."""
    return error(502, "upstreamFailedError", f"{_with_port(origin)}: {reason}")


def failed(status: int, message: str) -> Response:
    """Whatever else went wrong: up to the client if the status is below 500, to the upstream if not."""
    if status < 500:
        return refusal(Malformed(status, message))
    return error(status, "upstreamFailedError", message)


def not_kept(reason: StoreError) -> Response:
    """The exchange is lost, and its answer with it."""
    return error(502, "recordingFailedError", f"this exchange could not be kept: {reason}")


def wire(reply: Response, request: RequestHead | None, *, keep: bool) -> bytes:
    """The bytes of a reply; the connection stays open if it is to `keep`."""
    assert isinstance(reply.body, bytes)
    head = head_of(reply)
    if not keep:
        head = with_connection(head, CLOSE)
    elif request is not None and request.http_version != "HTTP/1.1":
        head = with_connection(head, KEEP)
    return head if request is not None and request.method == "HEAD" else head + reply.body


def _with_port(origin: Origin) -> str:
    return f"{origin.scheme}://{origin.host}:{origin.port}"


_NUMBER = re.compile(r"\[Errno (\d+)\]")


# What getaddrinfo(3) says, by systems; its numbers mean something else to errno(3).
_NO_NAME = re.compile(r"\[Errno -\d+\]|name or service|nodename|name resolution|no address associated", re.IGNORECASE)


_NOT_TRUSTED = "Certificate verify failed"


def in_words(reason: str) -> str:
    """The reason as it is told to a client and kept in history, with the option that may help."""
    if _NO_NAME.search(reason):
        return "its name cannot be resolved; --resolve gives a name an address"
    if "'idna' codec" in reason:
        return "its name is none that could be resolved"
    if reason.startswith(_NOT_TRUSTED):
        return f"{reason}; --upstream-ca names whom to trust, --insecure trusts anybody"
    found = _NUMBER.search(reason)
    return os.strerror(int(found[1])).lower() if found else reason
