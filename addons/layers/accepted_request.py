"""Which requests a recording layer accepts, and what the upstream and the client get of their heads."""

from __future__ import annotations

from functools import partial

import msgspec

from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.serving.gateway import error_replies as replies
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.forwarded_bodies import make_forwarded_body_factory
from understudy.serving.gateway.forwarded_heads import make_head_rewriter, rewrite_for_parent, rewrite_request_head
from understudy.serving.gateway.site import ConnectionKind, Route, find_client_origin
from understudy.serving.http1.exchange_reader import ForwardedBodyFactory, HeadRewriter
from understudy.serving.http1.heads import RequestHead
from understudy.store.model.messages import Headers, Origin, Response


class AcceptedRequest(msgspec.Struct, frozen=True):
    """A request that an example or an upstream answers.

    `active` is the mode that it began in, `route` where it goes to, `started` when its first byte came, in seconds
    since the epoch.
    """

    active: ActiveMode
    head: RequestHead
    route: Route
    started: float


def find_refusal(settings: ForwardingSettings, route: Route) -> Response | None:
    """Return the reply to a request that may not be forwarded to where it goes; None if it may."""
    upstream = settings.upstream
    if upstream is None:
        return replies.NO_UPSTREAM if route.is_reverse else None
    return None if route.is_reverse or settings.elsewhere else replies.render_other_upstream(upstream)


def render_upstream_head(settings: ForwardingSettings, request: AcceptedRequest) -> bytes:
    """Return the head that the upstream gets, or the parent proxy on the way to it."""
    route, origin = request.route, request.route.origin
    head = rewrite_request_head(request.head, route.target, origin, reverse=route.is_reverse)
    parent = settings.parents.find_parent(origin)
    if parent is None or origin.scheme != "http":
        return head
    return rewrite_for_parent(head, origin, parent.authorization)


def make_response_rewriter(
    settings: ForwardingSettings, kind: ConnectionKind, request: AcceptedRequest
) -> HeadRewriter | None:
    """Return what makes the head of a response into the one that the client gets; None if it gets it as it came."""
    origin = request.route.origin
    if not request.route.is_reverse or not settings.urls:
        return None
    return make_head_rewriter(origin, partial(_find_client_origin, kind, request.head, origin), settings.sites.renamed)


def make_body_rewriter(
    settings: ForwardingSettings, kind: ConnectionKind, request: AcceptedRequest
) -> ForwardedBodyFactory | None:
    """Return what makes the bodies of responses into those that the client gets; None if it gets them as they came."""
    origin = request.route.origin
    if not request.route.is_reverse or not settings.urls or not request.active.rewrites_bodies:
        return None
    return make_forwarded_body_factory(request.head, origin, partial(_find_client_origin, kind, request.head, origin))


def _find_client_origin(kind: ConnectionKind, head: RequestHead, origin: Origin) -> Origin | None:
    return find_client_origin(kind, Headers(head.fields).get("host"), origin)
