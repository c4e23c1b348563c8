"""How one gateway runs: its settings as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from understudy.proxy.call_lines.call_display import CallOutputs
from understudy.proxy.gateway.name_overrides import NameOverrides
from understudy.proxy.gateway.replay_settings import STRICT_REPLAY, ReplaySettings
from understudy.serving.gateway.parent_proxies import NO_PARENTS, ParentProxies
from understudy.serving.http1.body_recorder import BodyLimits
from understudy.serving.http1.limits import DEFAULT_GATEWAY_LIMITS, GatewayLimits
from understudy.store.model.gateways import OnLoss
from understudy.store.model.messages import LARGE_BODY, Origin

LARGE_BODY_TO_REDACT = 16 * LARGE_BODY
"""Bodies over this size are recorded in pieces when secrets are redacted: no secret is found in a piece."""


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """How one gateway runs, whatever its mode.

    `upstream` is the API it stands in front of; None makes it a forward proxy. `confdir` holds its certificate
    authority. `rewrite` changes URLs and cookies of the upstream to the gateway's. `insecure`, `upstream_ca` and
    `client_cert` are about TLS towards upstreams, `parents` are the proxies that upstreams are called through. `seed`
    makes random values the same in every run. `redact` removes secrets from what is recorded, `body_limits` bounds what
    is recorded of bodies. `forward_elsewhere` forwards requests for other hosts beside the upstream. `rewrite_bodies`
    also changes URLs of the upstream in JSON and HTML bodies. `name_overrides` are addresses that names resolve to.
    `shift_dates` moves recorded dates by the time since. `match_overrides` are fields of `MatchSettings`, ids and
    distance, that decide for all examples of a mock. `explain_header` names the example of each answer in a header.
    `limits` are those of clients. `allow_remote` answers other machines as a private mock server.
    """

    host: str
    port: int
    upstream: Origin | None
    confdir: Path
    name: str | None = None
    on_loss: OnLoss = OnLoss.STOP
    rewrite: bool = True
    rewrite_bodies: bool = False
    insecure: bool = False
    upstream_ca: Path | None = None
    client_cert: Path | None = None
    parents: ParentProxies = NO_PARENTS
    replay: ReplaySettings = STRICT_REPLAY
    seed: int | None = None
    redact: bool = False
    body_limits: BodyLimits = field(default_factory=BodyLimits)
    forward_elsewhere: bool = False
    name_overrides: NameOverrides = field(default_factory=dict)
    shift_dates: bool = True
    match_overrides: Mapping[str, bool] = field(default_factory=dict)
    explain_header: bool = False
    limits: GatewayLimits = DEFAULT_GATEWAY_LIMITS
    allow_remote: bool = False
    outputs: CallOutputs = field(default=CallOutputs())

    @property
    def sole_upstream(self) -> Origin | None:
        """The upstream if nothing else may be called; None without that limit."""
        return None if self.forward_elsewhere else self.upstream


def choose_body_limits(large_body: int | None, max_body: int | None, *, redact: bool) -> BodyLimits:
    """Return the limits of recorded bodies, in bytes; the default for `large_body` depends on `redact`."""
    default = LARGE_BODY_TO_REDACT if redact else LARGE_BODY
    return BodyLimits(default if large_body is None else large_body, max_body)
