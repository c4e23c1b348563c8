"""All servers of the comparison, and those that are available on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bench.peers.failures import FAILURES, describe_failure
from bench.peers.hoverfly import HOVERFLY
from bench.peers.mitmdump import MITMDUMP, MITMDUMP_HTTPS
from bench.peers.mockoon import MOCKOON
from bench.peers.mockserver import MOCKSERVER
from bench.peers.mockttp import MOCKTTP
from bench.peers.mountebank import MOUNTEBANK
from bench.peers.nginx import NGINX
from bench.peers.ours import GATEWAY, GATEWAY_HTTPS, MOCKS
from bench.peers.peer import Peer
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
# Servers that a cache of whole requests could speed up, and those of a similar speed.
FAST_PEERS = frozenset({MOCKS, GATEWAY, NGINX, HOVERFLY, MOCKTTP, MOCKSERVER})


def find_peers(
    peers: Sequence[Peer], folder: Path, report: Callable[[str], None]
) -> tuple[dict[Peer, Path], dict[Peer, str]]:
    """Install the servers; return the folder of each available one, and the reason for each other one."""
    available, missing = {}, {}
    for peer in peers:
        report(f"looking for {peer.name}")
        try:
            available[peer] = peer.install(folder)
        except FAILURES as problem:
            missing[peer] = describe_failure(problem)
    return available, missing
