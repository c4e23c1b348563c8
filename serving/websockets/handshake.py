"""The server's handshake of a replayed WebSocket (RFC 6455, section 4.2.2)."""

from __future__ import annotations

import base64
import binascii
from hashlib import sha1

from understudy.serving.answers.answer import render_error
from understudy.store.model.header_fields import drop_hop_by_hop
from understudy.store.model.messages import Headers, Request, Response
from understudy.store.model.values import replace

VERSION = "13"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# They belong to one handshake; extensions are not replayed.
_HANDSHAKE_FIELDS = ("sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-protocol", "content-length")


def is_websocket_request(headers: Headers) -> bool:
    """Return whether a request asks for an upgrade to WebSocket."""
    return any(value.strip().lower() == "websocket" for value in headers.get_all("upgrade"))


def answer_handshake(request: Request, recorded: Response) -> Response:
    """Return the recorded answer to a handshake, for the key of this client; 400 or 426 for an invalid handshake."""
    headers = request.headers
    if not is_websocket_request(headers) or headers.get("sec-websocket-version") != VERSION:
        refused = render_error(426, "upgradeRequiredError", f"This was recorded as a WebSocket of version {VERSION}.")
        required = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", VERSION))
        return replace(refused, headers=Headers(refused.headers.fields + Headers.of(required).fields))
    key = (headers.get("sec-websocket-key") or "").strip()
    if not _is_key(key):
        return render_error(400, "malformedRequestError", "Sec-WebSocket-Key has to be 16 bytes in Base64.")
    added = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", compute_accept(key))]
    protocol = recorded.headers.get("sec-websocket-protocol")
    if protocol is not None and protocol in _parse_protocols(headers):
        added.append(("Sec-WebSocket-Protocol", protocol))
    kept = drop_hop_by_hop(recorded.headers).drop(_HANDSHAKE_FIELDS)
    reason = recorded.reason or b"Switching Protocols"
    return Response(101, Headers(kept.fields + Headers.of(added).fields), b"", reason)


def compute_accept(key: str) -> str:
    """Compute the value of Sec-WebSocket-Accept for a key."""
    return base64.b64encode(sha1(key.encode("latin-1") + _GUID, usedforsecurity=False).digest()).decode()


def _parse_protocols(headers: Headers) -> set[str]:
    return {one.strip() for value in headers.get_all("sec-websocket-protocol") for one in value.split(",")}


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
