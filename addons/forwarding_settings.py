"""The settings and services of one gateway that its recording layers share."""

from __future__ import annotations

from dataclasses import dataclass, field

from understudy.addons.current import CurrentMode
from understudy.addons.loop.commits import Commits
from understudy.addons.loop.connections import ClientConnections
from understudy.addons.loop.held_requests import HeldRequests
from understudy.addons.no_live_calls import Guard
from understudy.serving.gateway.parent_proxies import NO_PARENTS, ParentProxies
from understudy.serving.gateway.site import GatewaySites
from understudy.serving.http1.body_recorder import BodyLimits
from understudy.serving.http1.limits import DEFAULT_GATEWAY_LIMITS, GatewayLimits
from understudy.serving.seen_calls import CallWatch
from understudy.store.model.gateways import OnLoss
from understudy.store.model.messages import Origin

# A response waits until it is complete, up to this size and this long: an error can replace it if it is not kept.
REPLACEABLE_BYTES = 64 * 1024
REPLACEABLE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class ForwardingSettings:
    """How requests are forwarded and recorded.

    With an `upstream` no other host is called, unless `elsewhere`. With `urls`, its URLs and cookies are rewritten to
    those of the gateway. `keeping` limits what is recorded of a body. `parents` are the proxies towards upstreams.
    `watch` gets the calls that are shown.
    `limits` are those of clients.
    """

    current: CurrentMode
    guard: Guard
    commits: Commits
    connections: ClientConnections
    sites: GatewaySites
    held: HeldRequests
    upstream: Origin | None = None
    elsewhere: bool = False
    urls: bool = True
    on_loss: OnLoss = OnLoss.STOP
    keeping: BodyLimits = field(default_factory=BodyLimits)
    parents: ParentProxies = NO_PARENTS
    watch: CallWatch | None = None
    limits: GatewayLimits = DEFAULT_GATEWAY_LIMITS
