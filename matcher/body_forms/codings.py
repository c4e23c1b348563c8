"""The codings of a body, undone before it is compared: Content-Encoding, and S3's aws-chunked."""

from __future__ import annotations

from understudy.matcher.body_forms.grpc_forms import decompress_messages
from understudy.store import aws_chunked
from understudy.store.content_codings import LIMIT, remove_codings
from understudy.store.model.media_types import is_grpc_type
from understudy.store.model.messages import Headers

_PAYLOAD_HASH = "x-amz-content-sha256"
_STREAMING = "STREAMING-"
_GRPC_FLAGS = (b"\0", b"\1")  # one of them begins each body of gRPC
_HEX_DIGITS = b"0123456789abcdefABCDEF"


def undo_codings(body: bytes, headers: Headers) -> bytes:
    """Return the body with its codings removed; unchanged if one is unknown, broken, or expands too far.

    So is the compression of the messages of gRPC.
    """
    if body[:1] in _GRPC_FLAGS and is_grpc_type(headers.get("content-type")):
        return decompress_messages(body, headers)
    fields = headers.get_all("content-encoding")
    if not fields and body[:1] not in _HEX_DIGITS:
        return body
    codings = ",".join(fields)
    body = _undo_pieces(body, headers, codings)
    undone = remove_codings(codings, body) if codings else body
    return body if undone is None else undone


def explain_codings(body: bytes, headers: Headers) -> str:
    """Return why the content codings of a body are not removed; "" if they are, or if there are no codings."""
    codings = ",".join(headers.get_all("content-encoding"))
    if not body or not codings or remove_codings(codings, _undo_pieces(body, headers, codings)) is not None:
        return ""
    return f"its content coding {codings} is unknown, broken or larger than {LIMIT // 2**20} MiB, so it is not undone"


def _undo_pieces(body: bytes, headers: Headers, codings: str) -> bytes:
    """Return the content of an upload that is signed in pieces, and whose Content-Encoding does not say so."""
    if body[:1] not in _HEX_DIGITS or aws_chunked.NAME in codings.lower():
        return body
    if not (headers.get(_PAYLOAD_HASH) or "").upper().startswith(_STREAMING):
        return body
    undone = remove_codings(aws_chunked.NAME, body)
    return body if undone is None else undone
