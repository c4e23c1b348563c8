"""What a gateway says itself, where there is no answer to pass on: JSON errors, as the bytes of HTTP/1.1."""

from __future__ import annotations

import os
import re

from understudy.serving.answers.answer import render_error, render_refusal
from understudy.serving.http1.heads import RequestHead
from understudy.serving.http1.rules import MalformedRequest
from understudy.serving.http1.wire import CLOSE, KEEP_ALIVE, add_connection, render_head
from understudy.store.errors import StoreError
from understudy.store.model.messages import Origin, Response

NO_UPSTREAM = render_error(
    400,
    "noUpstreamError",
    "This gateway is a forward proxy: set it as your client's proxy, or start it with --upstream URL.",
)
BAD_TARGET = render_error(
    400, "malformedRequestError", "That target is no http or https URL, or not one of this tunnel's host."
)


def render_other_upstream(upstream: Origin) -> Response:
    """A reverse proxy is asked for another host."""
    message = f"This gateway calls {upstream} only; start one without --upstream to have a forward proxy."
    return render_error(403, "otherUpstreamError", message)


def render_unreachable(origin: Origin, reason: str) -> Response:
    """The upstream cannot be reached."""
    return render_error(502, "upstreamUnreachableError", f"cannot reach {_format_origin(origin)}: {reason}")


def render_upstream_failure(origin: Origin, reason: str) -> Response:
    """The upstream gave no answer that could be passed on."""
    return render_error(502, "upstreamFailedError", f"{_format_origin(origin)}: {reason}")


def render_gateway_error(status: int, message: str) -> Response:
    """Whatever else went wrong: up to the client if the status is below 500, to the upstream if not."""
    if status < 500:
        return render_refusal(MalformedRequest(status, message))
    return render_error(status, "upstreamFailedError", message)


def render_recording_failure(reason: StoreError) -> Response:
    """The exchange is lost, and its answer with it."""
    return render_error(502, "recordingFailedError", f"this exchange could not be kept: {reason}")


def encode_reply(reply: Response, request: RequestHead | None, *, keep: bool) -> bytes:
    """The bytes of a reply; the connection stays open if it is to `keep`."""
    assert isinstance(reply.body, bytes)
    head = render_head(reply)
    if not keep:
        head = add_connection(head, CLOSE)
    elif request is not None and request.http_version != "HTTP/1.1":
        head = add_connection(head, KEEP_ALIVE)
    return head if request is not None and request.method == "HEAD" else head + reply.body


def _format_origin(origin: Origin) -> str:
    return f"{origin.scheme}://{origin.host}:{origin.port}"


_NUMBER = re.compile(r"\[Errno (\d+)\]")


# What getaddrinfo(3) says, by systems; its numbers mean something else to errno(3).
_NO_NAME = re.compile(r"\[Errno -\d+\]|name or service|nodename|name resolution|no address associated", re.IGNORECASE)


_NOT_TRUSTED = "Certificate verify failed"


def explain_reason(reason: str) -> str:
    """The reason as it is told to a client and kept in history, with the option that may help."""
    if _NO_NAME.search(reason):
        return "its name cannot be resolved; --resolve gives a name an address"
    if "'idna' codec" in reason:
        return "its name is none that could be resolved"
    if reason.startswith(_NOT_TRUSTED):
        return f"{reason}; --upstream-ca names whom to trust, --insecure trusts anybody"
    found = _NUMBER.search(reason)
    return os.strerror(int(found[1])).lower() if found else reason
