"""What the layers that forward share in one gateway."""

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

# An answer that is this small, or this soon complete, can still be replaced when it cannot be kept.
REPLACEABLE_BYTES = 64 * 1024
REPLACEABLE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class ForwardingSettings:
    """How requests are forwarded and kept.

    With an `upstream` nothing else is called, unless `elsewhere`; `urls`: its URLs and cookies are made the gateway's
    own. `parents` are the proxies that upstreams are called through.
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
