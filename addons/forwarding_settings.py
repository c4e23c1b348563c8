"""The settings and parts that the forwarding layers of one gateway share."""

from __future__ import annotations

from dataclasses import dataclass, field

from understudy.addons.current import CurrentMode
from understudy.addons.loop.commits import Commits
from understudy.addons.loop.connections import ClientConnections
from understudy.addons.no_live_calls import Guard
from understudy.serving.gateway.parent_proxies import NO_PARENTS, ParentProxies
from understudy.serving.gateway.site import GatewaySites
from understudy.serving.http1.body_recorder import BodyLimits
from understudy.store.model.gateways import OnLoss
from understudy.store.model.messages import Origin

# A response this small, or complete this soon, can still be replaced by an error when it cannot be kept.
REPLACEABLE_BYTES = 64 * 1024
REPLACEABLE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class ForwardingSettings:
    """How requests are forwarded and kept.

    With an `upstream` no other host is called, unless `elsewhere` is set; `urls` means that its URLs and cookie domains
    are rewritten to the gateway's. `keeping` limits the bodies that are kept. `parents` are the proxies that upstreams
    are called through.
    """

    current: CurrentMode
    guard: Guard
    commits: Commits
    connections: ClientConnections
    sites: GatewaySites
    upstream: Origin | None = None
    elsewhere: bool = False
    urls: bool = True
    on_loss: OnLoss = OnLoss.STOP
    keeping: BodyLimits = field(default_factory=BodyLimits)
    parents: ParentProxies = NO_PARENTS
