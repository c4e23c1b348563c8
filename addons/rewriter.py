"""Rewriting as a reverse proxy: Host for the upstream, URLs and cookie domains for the client."""

from __future__ import annotations

from mitmproxy import http

from understudy.addons.flow_notes import get_note
from understudy.addons.flows import (
    find_client_origin,
    is_in_origin_form,
    response_from_flow,
    set_response_headers,
    stash_response_headers,
)
from understudy.serving.fields.cookie_rewriting import RenamedCookies
from understudy.serving.fields.url_rewriting import rewrite_for_client
from understudy.serving.gateway.forwarded_bodies import drop_fields_of_bytes, rewrite_pieces
from understudy.store.model.messages import Headers, Origin


class Rewriter:
    """The addon that rewrites what passes, and leaves the received headers for the recorder.

    Without `urls` responses are not rewritten. `renamed` are the cookies that the gateway renamed for its clients.
    """

    def __init__(self, upstream: Origin, *, urls: bool = True, renamed: RenamedCookies | None = None) -> None:
        self._upstream = upstream
        self._urls = urls
        self._renamed = RenamedCookies() if renamed is None else renamed

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Set the request's Host to the upstream's, and give cookies the names that the upstream gave them."""
        if is_in_origin_form(flow):
            if not flow.client_conn.tls:
                self._restore_cookies(flow)
            flow.request.host_header = self._upstream.authority

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Rewrite the upstream's URLs and cookie domains in the response to the gateway's."""
        if not self._urls or get_note(flow).is_answered or not is_in_origin_form(flow):
            return
        received, gateway = response_from_flow(flow), find_client_origin(flow)
        if received is None or gateway is None:
            return
        headers = rewrite_for_client(received, self._upstream, str(gateway), self._renamed).headers
        if self._rewrites_body(flow):
            get_note(flow).rewriting = pieces = rewrite_pieces(received.status, headers, self._upstream, gateway)
            headers = Headers(drop_fields_of_bytes(headers.fields)) if pieces else headers
        if headers is not received.headers:
            stash_response_headers(flow)
            set_response_headers(flow, headers)

    def _rewrites_body(self, flow: http.HTTPFlow) -> bool:
        # mitmproxy's HTTP/1 side sends no chunks that were not in the response that it received.
        active = get_note(flow).active
        return flow.request.is_http2 and active is not None and active.rewrites_bodies

    def _restore_cookies(self, flow: http.HTTPFlow) -> None:
        note, fields = get_note(flow), tuple(flow.request.headers.fields)
        restored = self._renamed.restore_fields(fields)
        if restored is not fields:
            flow.request.headers = http.Headers(restored)
            if note.request_headers is not None:  # history has the names that the upstream knows
                note.request_headers = Headers(self._renamed.restore_fields(note.request_headers.fields))
