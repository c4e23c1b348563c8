"""All servers of the comparison, and which of them this machine can have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bench.peers.hoverfly import HOVERFLY
from bench.peers.mitmdump import MITMDUMP, MITMDUMP_HTTPS
from bench.peers.mockoon import MOCKOON
from bench.peers.mockserver import MOCKSERVER
from bench.peers.mockttp import MOCKTTP
from bench.peers.mountebank import MOUNTEBANK
from bench.peers.nginx import NGINX
from bench.peers.ours import GATEWAY, GATEWAY_HTTPS, MOCKS
from bench.peers.peer import Missing, Peer
from bench.peers.prism import PRISM
from bench.peers.wiremock import WIREMOCK

OURS = (MOCKS, GATEWAY, GATEWAY_HTTPS)
OTHERS = (
    NGINX,
    HOVERFLY,
    MOCKTTP,
    MOCKSERVER,
    WIREMOCK,
    MOUNTEBANK,
    PRISM,
    MOCKOON,
    MITMDUMP,
    MITMDUMP_HTTPS,
)
# Whose answers a cache of whole requests could speed up, or who come near.
QUICK_ONES = frozenset({MOCKS, GATEWAY, NGINX, HOVERFLY, MOCKTTP, MOCKSERVER})


def had(wanted: Sequence[Peer], folder: Path, tell: Callable[[str], None]) -> tuple[dict[Peer, Path], dict[Peer, str]]:
    """Where each server is, installed if need be, and those that cannot be had, with the reason."""
    found, missing = {}, {}
    for peer in wanted:
        tell(f"looking for {peer.name}")
        try:
            found[peer] = peer.install(folder)
        except Missing as reason:
            missing[peer] = str(reason)
    return found, missing
