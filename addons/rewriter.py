"""What a reverse proxy changes on the way: Host for the upstream, URLs and cookie domains for the client."""

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
from understudy.serving.answers.url_rewriting import rewrite_for_client
from understudy.store.model.messages import Origin


class Rewriter:
    """Rewrites what passes, and leaves a copy of what came for the recorder. `urls` off leaves answers alone."""

    def __init__(self, upstream: Origin, *, urls: bool = True) -> None:
        self._upstream = upstream
        self._urls = urls

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Address the request to the upstream."""
        if is_in_origin_form(flow):
            flow.request.host_header = self._upstream.authority

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Make the upstream's URLs and cookies the gateway's own."""
        if not self._urls or get_note(flow).is_answered or not is_in_origin_form(flow):
            return
        came, gateway = response_from_flow(flow), find_client_origin(flow)
        rewritten = rewrite_for_client(came, self._upstream, str(gateway)) if came and gateway else None
        if rewritten and rewritten is not came:
            stash_response_headers(flow)
            set_response_headers(flow, rewritten.headers)
