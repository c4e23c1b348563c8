"""Classes of header fields: hop-by-hop fields, and volatile fields, which differ between equal responses."""

from __future__ import annotations

import hashlib

from understudy.store.model.messages import Headers, Response

# RFC 9110, section 7.6.1 (which requires Proxy-Connection too), and Trailer (section 6.6.2).
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

CONDITION_FIELDS = frozenset({b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"range"})
"""Fields of a request that may make 304, 412, 206 or 416 of a 200 (RFC 9110, sections 13 and 14); in lower case."""

# Digests of a body or a representation. Those of S3 have the algorithm in their names; other fields there are none.
_DIGEST_FIELDS = frozenset(
    {b"content-md5", b"digest", b"content-digest", b"repr-digest", b"x-amz-crc32", b"x-goog-hash"}
)
_AMAZON_CHECKSUM = b"x-amz-checksum-"
_NO_CHECKSUMS = frozenset({b"x-amz-checksum-type", b"x-amz-checksum-mode", b"x-amz-checksum-algorithm"})

# Response fields that differ between equal responses.
VOLATILE = frozenset(
    {
        # the clock
        "date",
        "age",
        "expires",  # Date and a time to live, which Cache-Control has too
        "retry-after",  # counts down
        # ids of a single response
        "cf-ray",
        "x-amz-cf-id",
        "x-amz-id-2",
        "x-azure-ref",
        "x-cloud-trace-context",
        "x-guploader-uploadid",
        "x-vercel-id",
        "traceparent",
        "tracestate",
        # durations
        "server-timing",
        "openai-processing-ms",
        "x-envoy-upstream-service-time",
        "x-process-time",
        "x-response-time",
        "x-runtime",
        "x-timer",
        # machines and caches
        "cf-cache-status",
        "via",
        "x-amz-cf-pop",
        "x-cache",
        "x-cache-hits",
        "x-cache-status",
        "x-served-by",
        "x-varnish",
        # URLs for reports, with a random part at Cloudflare
        "report-to",
        "reporting-endpoints",
    }
)
VOLATILE_STARTS = ("ratelimit", "x-ratelimit", "x-rate-limit", "x-b3-", "x-datadog-", "x-kong-")  # counters and traces
VOLATILE_ENDS = ("request-id", "requestid", "correlation-id", "trace-id", "span-id")  # X-Amzn-RequestId, X-Request-Id


def drop_hop_by_hop(headers: Headers) -> Headers:
    """Return the end-to-end fields: without hop-by-hop fields, fields that Connection lists, and `:pseudo` fields."""
    if not headers.fields:
        return headers
    dropped = _HOP_BY_HOP
    for name, value in headers.fields:
        if name.lower() == b"connection":
            dropped = dropped.union([option.strip() for option in value.lower().split(b",")])
    kept = tuple([field for field in headers.fields if field[0].lower() not in dropped and field[0][:1] != b":"])
    return headers if len(kept) == len(headers) else Headers(kept)


def is_digest_field(name: bytes) -> bool:
    """Return whether a field with this name, in lower case, holds digests."""
    return name in _DIGEST_FIELDS or (name.startswith(_AMAZON_CHECKSUM) and name not in _NO_CHECKSUMS)


def is_volatile(name: str) -> bool:
    """Whether a response field with this name, in lower case, differs between equal responses."""
    return name in VOLATILE or name.startswith(VOLATILE_STARTS) or name.endswith(VOLATILE_ENDS)


def compute_fingerprint(response: Response, digest: str) -> str:
    """Return the SHA-256 (hex) of the status, the header fields and trailers that are not volatile, and the digest.

    `digest` is that of the body. The order of fields with different names does not count (RFC 9110, section 5.3), nor
    the case of names. Of a cookie only its name counts, and whether it is set or deleted: its value and expiry differ
    in each session.
    """
    parts = (response.status, _select_stable(response.headers), _select_stable(response.trailers), digest)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _select_stable(headers: Headers) -> list[tuple[str, bytes]]:
    lower = ((name.decode("latin-1").lower(), value) for name, value in headers.fields)
    kept = [
        (name, _mask_cookie_value(value) if name == "set-cookie" else value)
        for name, value in lower
        if not is_volatile(name)
    ]
    return sorted(kept, key=lambda field: field[0])


def _mask_cookie_value(value: bytes) -> bytes:
    name, _, content = value.partition(b";")[0].partition(b"=")
    return name.strip() + (b"=..." if content.strip() else b"=")


_HOP_BY_HOP = frozenset(name.encode() for name in HOP_BY_HOP)


# Their values name the client, a user or a coding; the answers to different values are seldom different resources.
_NOT_NEGOTIATED = frozenset({"accept-encoding", "origin", "user-agent", "cookie", "authorization", "*", ""})


def read_vary(headers: Headers) -> list[str]:
    """Return the request headers by which a response was chosen among several, in lower case: those that Vary names.

    See RFC 9110, section 12.5.5. Headers that name the client, its user or a coding are left out.
    """
    fields = [value for name, value in headers.fields if len(name) == 4 and name.lower() == b"vary"]
    if not fields:
        return []
    names = [name.strip().lower() for value in fields for name in value.decode("latin-1").split(",")]
    return [name for name in names if name not in _NOT_NEGOTIATED]
