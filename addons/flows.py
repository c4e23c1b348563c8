"""Conversion of mitmproxy's flows to our messages and back; the only module that knows both."""

from __future__ import annotations

from mitmproxy import http
from mitmproxy.net.http import status_codes
from mitmproxy.proxy.mode_specs import ReverseMode

from understudy.addons.flow_notes import get_note
from understudy.addons.loop.body_tap import BodyTap
from understudy.addons.patches.http1 import pop_dropped
from understudy.serving.answers.streams import is_unsized
from understudy.store.model.exchanges import CLIENT_LEFT, Exchange, Timings, describe_cut
from understudy.store.model.media_types import is_grpc_type, is_stream_type
from understudy.store.model.messages import Body, Headers, Origin, Request, Response

# The address that a forward proxy's layer gives requests that name no host; `.invalid` never resolves (RFC 2606,
# section 2).
UNRESOLVABLE_ADDRESS = ("origin-form.invalid", 80)
MAX_LENGTH_DIGITS = 19  # of a Content-Length


def stash_request_headers(flow: http.HTTPFlow) -> None:
    """Remember host and headers of the request as received: the host is rewritten later, mitmproxy removes Expect."""
    note = get_note(flow)
    note.request_headers = Headers(tuple(flow.request.headers.fields))
    note.request_authority = flow.request.authority


def stash_response_headers(flow: http.HTTPFlow) -> None:
    """Remember the headers of the response as received, before they are rewritten for the client."""
    assert flow.response
    get_note(flow).response_headers = Headers(tuple(flow.response.headers.fields))


def set_response_headers(flow: http.HTTPFlow, headers: Headers) -> None:
    """Replace the headers of the response to the client."""
    assert flow.response
    flow.response.headers = http.Headers(headers.fields)


def is_in_origin_form(flow: http.HTTPFlow) -> bool:
    """Whether the client uses the gateway as the API itself, not as a forward proxy."""
    mode = flow.client_conn.proxy_mode
    address = mode.address if isinstance(mode, ReverseMode) else UNRESOLVABLE_ADDRESS
    return (flow.request.host, flow.request.port) == address


def request_from_flow(flow: http.HTTPFlow) -> Request:
    """Return the request as the client sent it."""
    data = flow.request.data
    return Request(
        method=data.method.decode("latin-1"),
        target=data.path,
        headers=_get_client_headers(flow),
        body=data.content or _get_tapped_body(get_note(flow).request_tap),
        origin=Origin(flow.request.scheme or "http", flow.request.host.lower(), flow.request.port),
        http_version=flow.request.http_version,
        trailers=Headers(tuple(data.trailers.fields)) if data.trailers else Headers(),
    )


def response_from_flow(flow: http.HTTPFlow) -> Response | None:
    """Return the response as the upstream sent it; None without one."""
    if flow.response is None:
        return None
    data = flow.response.data
    note = get_note(flow)
    return Response(
        status=data.status_code,
        headers=note.response_headers or Headers(tuple(data.headers.fields)),
        body=(b"" if note.rewriting else data.content) or _get_tapped_body(note.response_tap),
        reason=data.reason,
        http_version=flow.response.http_version,
        trailers=Headers(tuple(data.trailers.fields)) if data.trailers else Headers(),
        chunks=note.response_tap.body.to_chunks(stream=_is_streamed(flow.response)) if note.response_tap else (),
    )


def is_stream(response: http.Response) -> bool:
    """Whether the media type of a response is one of streams, such as server-sent events."""
    return is_stream_type(response.headers.get("content-type", ""))


def is_grpc_call(request: http.Request) -> bool:
    """Whether a request is a call of gRPC, whose two sides may speak at once."""
    return request.is_http2 and is_grpc_type(request.headers.get("content-type"))


def parse_content_length(message: http.Message) -> int | None:
    """Return the length of a body by its Content-Length; None if that is missing or not a number."""
    value = message.headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < MAX_LENGTH_DIGITS else None


def exchange_from_flow(flow: http.HTTPFlow, session_id: str) -> Exchange:
    """Make the exchange to keep; a flow with an error becomes a failed one, with the received part of its response."""
    response = flow.response
    return Exchange(
        session_id=session_id,
        request=request_from_flow(flow),
        response=response_from_flow(flow),
        timings=Timings(
            started=flow.request.timestamp_start,
            request_end=flow.request.timestamp_end,
            response_start=response.timestamp_start if response else None,
            response_end=_find_response_end(flow),
        ),
        error=flow.error.msg if flow.error else None,
        degraded=_describe_degradation(flow),
    )


def set_response(flow: http.HTTPFlow, response: Response) -> None:
    """Answer a flow with a response of ours, and replace one that it has."""
    flow.response = to_mitmproxy_response(flow, response)


def to_mitmproxy_response(flow: http.HTTPFlow, response: Response) -> http.Response:
    """Convert a response of ours to one that mitmproxy sends to the client of a flow."""
    content = response.body if isinstance(response.body, bytes) else b""  # a large body is sent piece by piece
    http_2 = flow.request.is_http2
    fields, trailers = response.headers.fields, response.trailers.fields
    if http_2:  # field names are lower case there (RFC 9113, section 8.2.1)
        fields, trailers = (tuple((name.lower(), value) for name, value in one) for one in (fields, trailers))
    elif is_unsized(response) and flow.request.http_version == "HTTP/1.1":
        fields = (*fields, (b"Transfer-Encoding", b"chunked"))
    started = flow.request.timestamp_end or flow.request.timestamp_start
    return http.Response(
        http_version=flow.request.data.http_version,
        status_code=response.status,
        reason=response.reason or status_codes.RESPONSES.get(response.status, "").encode(),
        headers=http.Headers(fields),
        content=content,
        trailers=http.Headers(trailers) if trailers and http_2 else None,  # mitmproxy's HTTP/1 side cannot send them
        timestamp_start=started,
        timestamp_end=None,
    )


def find_client_origin(flow: http.HTTPFlow) -> Origin | None:
    """Return the origin that the client addresses: its own Host, with the scheme of its connection.

    Without a Host, a client of HTTP/2 addresses the gateway by its own address.
    """
    note, scheme = get_note(flow), "https" if flow.client_conn.tls else "http"
    authority = flow.request.authority if note.request_authority is None else note.request_authority
    host = _get_client_headers(flow).get("host") or authority
    if not host and flow.request.is_http2:
        address, port, *_ = flow.client_conn.sockname
        return Origin(scheme, address, port)
    try:
        return Origin.parse(f"{scheme}://{host}")
    except ValueError:
        return None


def _find_response_end(flow: http.HTTPFlow) -> float | None:
    """Return the time at which the response ended, or at which its client left before it did."""
    end = flow.response.timestamp_end if flow.response else None
    has_left = flow.error is not None and flow.error.msg == CLIENT_LEFT
    return flow.error.timestamp if end is None and has_left and flow.error else end


def _is_streamed(response: http.Response) -> bool:
    return is_stream(response) or parse_content_length(response) is None


def _get_tapped_body(tap: BodyTap | None) -> Body:
    return tap.body.to_body() if tap else b""


def _describe_degradation(flow: http.HTTPFlow) -> str:
    note = get_note(flow)
    taps = {"request": note.request_tap, "response": note.response_tap}
    cuts = [describe_cut(message, tap.body.size) for message, tap in taps.items() if tap and tap.body.cut]
    order = note.call_order.describe_degradation() if note.call_order else ""
    return "; ".join([*cuts, *filter(None, [order, pop_dropped(flow)])])


def _get_client_headers(flow: http.HTTPFlow) -> Headers:
    return get_note(flow).request_headers or Headers(tuple(flow.request.data.headers.fields))
