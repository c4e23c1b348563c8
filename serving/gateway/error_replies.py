"""The JSON errors of a gateway, for requests without an answer to pass on."""

from __future__ import annotations

import os
import re

from understudy.serving.answers.answer import render_error, render_refusal
from understudy.serving.http1.heads import RequestHead
from understudy.serving.http1.rules import MalformedRequest
from understudy.serving.http1.wire import CLOSE, KEEP_ALIVE, add_connection, render_head
from understudy.store.errors import Hint, StoreError
from understudy.store.model.messages import Origin, Response

NO_UPSTREAM = render_error(
    400,
    "noUpstreamError",
    "This gateway is a forward proxy, and the request names no host: set the gateway as your client's proxy.",
    Hint("name_upstream"),
)
BAD_TARGET = render_error(
    400, "malformedRequestError", "The target is not an http or https URL, or not one of this tunnel's host."
)


def render_other_upstream(upstream: Origin) -> Response:
    """Render the error of a reverse proxy that gets a request for another host."""
    message = f"This gateway is a reverse proxy: it calls {upstream} only."
    return render_error(403, "otherUpstreamError", message, Hint("use_forward_proxy"))


def render_unreachable(origin: Origin, reason: str) -> Response:
    """Render the error for an upstream that cannot be reached; `reason` is one of `explain_reason`."""
    message = f"cannot reach {_format_origin(origin)}: {reason}"
    return render_error(502, "upstreamUnreachableError", message, find_hint(reason, origin))


def render_upstream_failure(origin: Origin, reason: str) -> Response:
    """Render the error for an upstream whose answer cannot be passed on."""
    return render_error(502, "upstreamFailedError", f"{_format_origin(origin)}: {reason}")


def render_gateway_error(status: int, message: str) -> Response:
    """Render any other error; it is the client's if the status is below 500, else the upstream's."""
    if status < 500:
        return render_refusal(MalformedRequest(status, message))
    return render_error(status, "upstreamFailedError", message)


def render_recording_failure(reason: StoreError) -> Response:
    """Render the error for an exchange that was not recorded; its answer is not passed on."""
    return render_error(502, "recordingFailedError", f"this exchange could not be kept: {reason}")


def encode_reply(reply: Response, request: RequestHead | None, *, keep: bool) -> bytes:
    """Encode an error as HTTP/1.1; with `keep` the connection stays open."""
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


# The texts of getaddrinfo(3) on several systems; its numbers are not those of errno(3).
_NO_NAME = re.compile(r"\[Errno -\d+\]|name or service|nodename|name resolution|no address associated", re.IGNORECASE)


_NOT_RESOLVED = "its name cannot be resolved"
_NOT_TRUSTED = "Certificate verify failed"


def explain_reason(reason: str) -> str:
    """Return why an upstream cannot be reached, in the words for clients and history.

    `reason` is the error text of the system, of TLS, or of a parent proxy.
    """
    if _NO_NAME.search(reason):
        return _NOT_RESOLVED
    if "'idna' codec" in reason:
        return "its name is not a valid host name"
    number = _NUMBER.search(reason)
    return os.strerror(int(number[1])).lower() if number else reason


def find_hint(reason: str, origin: Origin) -> Hint | None:
    """Return what may help if `origin` cannot be reached for this reason, as `explain_reason` returned it."""
    if reason == _NOT_RESOLVED:
        return Hint("resolve_name", {"host": origin.host, "port": str(origin.port)})
    return Hint("trust_upstream") if reason.startswith(_NOT_TRUSTED) else None
