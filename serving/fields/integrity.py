"""Header fields that make claims about the bytes of a body: its content coding and its digests."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping

from understudy.store.content_codings import LIMIT, remove_codings
from understudy.store.model.collections import Example
from understudy.store.model.header_fields import is_digest_field
from understudy.store.model.messages import Headers, measure_body

_BODILESS = (204, 206, 304)  # their fields describe the whole representation, not what is sent


def has_uncertain_claims(example: Example) -> bool:
    """Return whether the body of an example may differ from what its header fields claim.

    A recorded and unedited example claims what the API claimed.
    """
    if example.literal and not (example.edited or example.templates):
        return False
    response = example.response
    if example.request.method == "HEAD" or response.status in _BODILESS or measure_body(response.body) > LIMIT:
        return False
    return any(_is_claim(name.lower()) for name, _ in response.headers.fields)


def drop_false_claims(headers: Headers, body: bytes) -> Headers:
    """Return the headers without a content coding that the body is not in, and without digests that are not its own."""
    coding = ",".join(headers.get_all("content-encoding"))
    if coding and remove_codings(coding, body) is None:
        headers = headers.drop(("content-encoding",))
    return drop_false_digests(headers, body)


def drop_false_digests(headers: Headers, body: bytes) -> Headers:
    """Return the headers without digests that are not those of the body, or of an algorithm that is unknown here."""
    kept = tuple(
        (name, value)
        for name, value in headers.fields
        if not is_digest_field(name.lower()) or _has_digest(name.lower(), value.decode("latin-1"), body)
    )
    return headers if len(kept) == len(headers.fields) else Headers(kept)


def _is_claim(name: bytes) -> bool:
    return name == b"content-encoding" or is_digest_field(name)


def _has_digest(name: bytes, value: str, body: bytes) -> bool:
    if name == b"content-md5":  # RFC 1864
        return value.strip() == _DIGESTS["md5"](body)
    if name == b"x-amz-crc32":
        return value.strip() == str(zlib.crc32(body))
    if name.startswith(b"x-amz-checksum-"):
        algorithm = name.removeprefix(b"x-amz-checksum-").decode("latin-1")
        return _matches(f"{algorithm}={value}", body)
    return all(_matches(item, body) for item in value.split(","))


def _matches(item: str, body: bytes) -> bool:
    algorithm, _, value = item.strip().partition("=")
    compute = _DIGESTS.get(algorithm.strip().lower())
    # Content-Digest and Repr-Digest put colons around the value (RFC 9530, section 2).
    return compute is not None and value.strip().strip(":") == compute(body)


def _encode_hash(algorithm: str) -> Callable[[bytes], str]:
    return lambda body: b64encode(hashlib.new(algorithm, body, usedforsecurity=False).digest()).decode("ascii")


_DIGESTS: Mapping[str, Callable[[bytes], str]] = {
    "md5": _encode_hash("md5"),
    "sha": _encode_hash("sha1"),  # the name in Digest (RFC 3230)
    "sha1": _encode_hash("sha1"),
    "sha256": _encode_hash("sha256"),
    "sha-256": _encode_hash("sha256"),
    "sha-512": _encode_hash("sha512"),
    "crc32": lambda body: b64encode(zlib.crc32(body).to_bytes(4, "big")).decode("ascii"),
}
