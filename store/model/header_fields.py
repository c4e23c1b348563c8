"""Which header fields end at the next hop, and which change by themselves from answer to answer."""

from __future__ import annotations

import hashlib

from understudy.store.model.messages import Headers, Response

# RFC 9110, section 7.6.1, with Trailer (6.6.2), and Proxy-Connection as section 7.6.1 asks.
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

# Fields that differ between two answers that say the same.
VOLATILE = frozenset(
    {
        # the clock
        "date",
        "age",
        "expires",  # a time to live, added to Date; what is meant is in Cache-Control too
        "retry-after",  # counts down
        # names of this one answer
        "cf-ray",
        "x-amz-cf-id",
        "x-amz-id-2",
        "x-azure-ref",
        "x-cloud-trace-context",
        "x-guploader-uploadid",
        "x-vercel-id",
        "traceparent",
        "tracestate",
        # how long it took
        "server-timing",
        "openai-processing-ms",
        "x-envoy-upstream-service-time",
        "x-process-time",
        "x-response-time",
        "x-runtime",
        "x-timer",
        # which machine or cache it came from
        "cf-cache-status",
        "via",
        "x-amz-cf-pop",
        "x-cache",
        "x-cache-hits",
        "x-cache-status",
        "x-served-by",
        "x-varnish",
        # addresses for reports, with a random part at Cloudflare
        "report-to",
        "reporting-endpoints",
    }
)
VOLATILE_STARTS = ("ratelimit", "x-ratelimit", "x-rate-limit", "x-b3-", "x-datadog-", "x-kong-")  # counters and traces
VOLATILE_ENDS = ("request-id", "requestid", "correlation-id", "trace-id", "span-id")  # X-Amzn-RequestId, X-Request-Id


def drop_hop_by_hop(headers: Headers) -> Headers:
    """The fields meant for the other end: no hop-by-hop fields, none that Connection names, no `:pseudo` ones."""
    if not headers.fields:
        return headers
    dropped = _HOP_BY_HOP
    for name, value in headers.fields:
        if name.lower() == b"connection":
            dropped = dropped.union([named.strip() for named in value.lower().split(b",")])
    kept = tuple([field for field in headers.fields if field[0].lower() not in dropped and field[0][:1] != b":"])
    return headers if len(kept) == len(headers) else Headers(kept)


def is_volatile(name: str) -> bool:
    """Whether a response field of this name, in lower case, changes though the answer is the same."""
    return name in VOLATILE or name.startswith(VOLATILE_STARTS) or name.endswith(VOLATILE_ENDS)


def compute_fingerprint(response: Response, digest: str) -> str:
    """SHA-256 (hex) over status, header fields and trailers without volatile ones, and the body's digest.

    The order of fields with different names does not count (RFC 9110, section 5.3), nor the case of names. Of a cookie
    counts which one is set or deleted: values and expiry differ in every session.
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
