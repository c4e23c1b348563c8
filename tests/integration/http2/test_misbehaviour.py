"""HTTP/2 peers that break the rules or exhaust the other side: the gateway stays small, and serves everybody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.integration.http2.stages import Stage, measured
from tests.peers import http2_attacks as attacks
from tests.peers.certificates import make_certificate
from tests.peers.http2_attacks import Attack
from tests.peers.http2_flood import http2_flood
from tests.programs import Understudy, wait_for
from tests.proofs import choose
from understudy.store.repositories.history import HistoryFilter

SECONDS = 60.0
MANY = choose(200_000, 4_000)
ENDLESS = 10**11

ATTACKS: list[tuple[Attack, int]] = [
    (attacks.ping, MANY),
    (attacks.set_settings, MANY),
    (attacks.prioritise, MANY),
    (attacks.send_nothing, MANY),
    (attacks.send_little, MANY),
    (attacks.continue_headers, 2_000),
    (attacks.reset_requests, MANY // 10),
    (attacks.overflow_window, 2_000),
    (attacks.overflow_counter, 1),
    (attacks.go_away, 1),
    (attacks.reset, 1),
    (attacks.shrink_windows, 50),
    (attacks.send_nonsense, 100_000),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    understudy = Understudy(tmp_path_factory.mktemp("attacks"))
    certificate = make_certificate(understudy.home / "upstream.pem", "127.0.0.1")
    with http2_flood(certificate) as url, Stage.open(understudy, {"HTTP/2": url}, certificate) as stage:
        yield stage


@pytest.mark.proof
@pytest.mark.parametrize(("attack", "count"), ATTACKS, ids=lambda one: getattr(one, "__name__", ""))
@pytest.mark.parametrize("reads", choose([False, True], [False]), ids=lambda reads: "reads" if reads else "is deaf")
def test_a_client_that_misbehaves_harms_no_other(stage: Stage, attack: Attack, count: int, reads: bool) -> None:
    """It has an upload under way that its upstream does not take."""
    gateway = stage.gateway("HTTP/2")
    path = f"/up/absent/{attack.__name__}/{reads}"
    with measured(gateway), stage.client(gateway) as client, stage.client(gateway) as other:
        client.is_deaf = not reads
        stream_id = client.request("POST", path, end=False)
        client.stream.settimeout(1.0)
        with suppress(OSError):
            attack(client, stream_id, count)
        healthy = other.request("GET", f"/down/70000{path}")
        assert other.wait_for(healthy, SECONDS)
        assert other.streams[healthy].received == 70_000
    check(stage, path, failed=True)
    check(stage, f"/down/70000{path}", failed=False)


@pytest.mark.parametrize("attack", [attacks.shrink_windows], ids=lambda one: one.__name__)
def test_a_body_passes_whole_while_windows_change(stage: Stage, attack: Attack) -> None:
    gateway = stage.gateway("HTTP/2")
    with stage.client(gateway) as client:
        stream_id = client.request("GET", "/down/400000/whole")
        attack(client, stream_id, 20)
        assert client.wait_for(stream_id, SECONDS)
        assert client.streams[stream_id].received == 400_000
    check(stage, "/down/400000/whole", failed=False)


@pytest.mark.parametrize("name", ["go_away", "reset", "overflow_window", "ping", "shrink_windows", "continue_headers"])
def test_an_upstream_that_misbehaves_harms_no_other(stage: Stage, name: str) -> None:
    """It does so while it answers."""
    gateway = stage.gateway("HTTP/2")
    with measured(gateway), stage.client(gateway) as client, stage.client(gateway) as other:
        client.request("GET", f"/attack/{name}")
        wait_for(lambda: find(stage, f"/attack/{name}") is not None, SECONDS)
        healthy = other.request("GET", f"/down/70000/{name}")
        assert other.wait_for(healthy, SECONDS)
    check(stage, f"/down/70000/{name}", failed=False)


def find(stage: Stage, path: str) -> bool | None:
    """Return whether the newest exchange of this path has failed; None if there is none."""
    found = next(iter(stage.store.history.list_newest(HistoryFilter(path=path), 1)), None)
    return None if found is None else found.has_failed


def check(stage: Stage, path: str, *, failed: bool) -> None:
    wait_for(lambda: find(stage, path) is not None)
    assert find(stage, path) is failed
    gateway = stage.gateway("HTTP/2")
    assert "crash" not in gateway.log
    assert "Traceback" not in gateway.log
