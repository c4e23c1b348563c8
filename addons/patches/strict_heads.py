"""Strict heads on mitmproxy's own HTTP/1.1 connections to clients: CONNECT, and what follows an upgrade.

mitmproxy accepts bare LF, folded lines and heads of any length, and forwards what it has read. Our own layers for
HTTP/1.1 do not use this.
"""

from __future__ import annotations

from typing import Any

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers.http._http1 import Http1Server

from understudy.addons.patches.replace import get_original, replace
from understudy.serving.answers.answer import render_refusal
from understudy.serving.gateway.error_replies import encode_reply
from understudy.serving.http1.heads import HEAD_END, UnsupportedRequest, check_partial_head, read_request
from understudy.serving.http1.limits import DEFAULT_LIMITS, Limits
from understudy.serving.http1.rules import MalformedRequest, refuse_version
from understudy.serving.http1.waits import Awaited, ClientWait

_limits = DEFAULT_LIMITS


def install_strict_heads(limits: Limits) -> None:
    """Have mitmproxy refuse what our own layers refuse, in this process; raises UnsupportedMitmproxy."""
    global _limits  # mitmproxy makes its layers itself
    _limits = limits
    replace(Http1Server, "read_headers", read_headers)


def read_headers(self: Http1Server, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
    """Read a part of a request's head; refuse one that is malformed or too large."""
    problem = _check(bytes(self.buf)) if isinstance(event, events.DataReceived) else None
    if problem is None:
        yield from get_original(read_headers)(self, event)
    else:
        yield from refuse(self, problem)


def find_http1_wait(connection: object) -> ClientWait | None:
    """Return what a connection of HTTP/1.1 awaits from its client; None for one of HTTP/2."""
    if not isinstance(connection, Http1Server):
        return None
    state, number = connection.state, connection.stream_id
    if state == connection.read_headers:
        return ClientWait(Awaited.HEAD, number) if connection.buf else ClientWait(Awaited.REQUEST)
    if state == connection.read_body and connection.response is None:
        return ClientWait(Awaited.BODY, number)
    if state == connection.done:
        return ClientWait(Awaited.END)
    return ClientWait(Awaited.MOVEMENT if state == connection.passthrough else Awaited.NOTHING)


def refuse(connection: Any, problem: MalformedRequest) -> layer.CommandGenerator[None]:
    """Send an error on a connection of HTTP/1.1, and end it; what the client still sends is dropped."""
    yield commands.SendData(connection.conn, encode_reply(render_refusal(problem), None, keep=False))
    yield commands.CloseTcpConnection(connection.conn, half_close=True)
    connection.state = connection.done


def _check(received: bytes) -> MalformedRequest | None:
    begun = received.lstrip(b"\r\n")
    end = begun.find(HEAD_END) + len(HEAD_END)
    if end < len(HEAD_END):
        return check_partial_head(begun, 0, _limits) if begun else None
    head = read_request(begun[:end], _limits)
    if isinstance(head, UnsupportedRequest):
        return refuse_version("2")
    return head if isinstance(head, MalformedRequest) else None
