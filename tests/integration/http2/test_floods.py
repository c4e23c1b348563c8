"""HTTP/2 senders that are faster than their receivers: the gateway holds little of it, and loses nothing of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.integration.http2.stages import Stage, measured
from tests.peers.certificates import make_certificate
from tests.peers.http2_flood import http1_flood, http2_flood
from tests.peers.http2_frames import Http2Peer
from tests.programs import Understudy, wait_for
from tests.proofs import choose
from understudy.store.model.messages import measure_body

WHOLE = choose(300_000_000, 3_000_000)
ENDLESS = 10**11
ENOUGH = choose(600_000_000, 150_000_000)
"""What nobody who is held back sends."""
STILL_SECONDS = choose(1.0, 0.3)
SLOW_BYTES = choose(6_000_000, 300_000)
SLOW_SECONDS = 0.01
SECONDS = 120.0


class Flood(NamedTuple):
    """Who sends through whom; `down` are responses, `up` requests, `call` is a call of gRPC in which both send."""

    upstream: str
    mode: str
    kind: str
    reading: str


FLOODS = [
    Flood(upstream, mode, kind, reading)
    for upstream in ("HTTP/2", "HTTP/1.1")
    for mode in ("record", "pass", "spy")
    for kind in ("down", "up", "call")
    for reading in ("fast", "slow", "absent")
    if kind != "call" or upstream == "HTTP/2"
]
SMALL = [
    Flood("HTTP/2", "record", "down", "fast"),
    Flood("HTTP/2", "record", "down", "absent"),
    Flood("HTTP/2", "record", "up", "fast"),
    Flood("HTTP/2", "pass", "up", "absent"),
    Flood("HTTP/2", "record", "call", "absent"),
    Flood("HTTP/1.1", "record", "down", "slow"),
    Flood("HTTP/1.1", "record", "up", "absent"),
    Flood("HTTP/1.1", "pass", "down", "absent"),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    understudy = Understudy(tmp_path_factory.mktemp("floods"))
    certificate = make_certificate(understudy.home / "upstream.pem", "127.0.0.1")
    with (
        http2_flood(certificate) as http2,
        http1_flood() as http1,
        Stage.open(understudy, {"HTTP/2": http2, "HTTP/1.1": http1}, certificate) as stage,
    ):
        yield stage


def send_in_thread(peer: Http2Peer, stream_id: int, size: int) -> None:
    threading.Thread(target=peer.send_body, args=(stream_id, size), daemon=True).start()


def wait_until_still(peer: Http2Peer, stream_id: int) -> None:
    """Wait until a stream stands still in both directions; fail if more passes than anybody who is held back sends."""
    stream, before, since = peer.streams[stream_id], -1, time.monotonic()
    while time.monotonic() - since < STILL_SECONDS:
        moved = stream.sent + stream.received
        if moved != before:
            before, since = moved, time.monotonic()
        assert moved < ENOUGH
        time.sleep(0.01)


def make_path(flood: Flood) -> str:
    size = WHOLE if flood.reading == "fast" else ENDLESS
    head = {"down": f"/down/{size}", "up": f"/up/{flood.reading}", "call": f"/both/{size}"}[flood.kind]
    return f"{head}/{flood.upstream.replace('/', '-')}/{flood.mode}/{flood.reading}"


def begin(peer: Http2Peer, flood: Flood) -> int:
    size = WHOLE if flood.reading == "fast" else ENDLESS
    peer.takes_all = flood.reading != "absent"
    peer.pause = SLOW_SECONDS if flood.reading == "slow" else 0.0
    if flood.kind == "down":
        return peer.request("GET", make_path(flood))
    fields = (("content-type", "application/grpc"),) if flood.kind == "call" else ()
    stream_id = peer.request("POST", make_path(flood), *fields, end=False)
    # The other side of a call takes what comes, also while the client reads nothing.
    send_in_thread(peer, stream_id, WHOLE if flood.kind == "call" else size)
    return stream_id


@pytest.mark.proof
@pytest.mark.parametrize("flood", choose(FLOODS, SMALL), ids=" ".join)
def test_a_flood_takes_little_memory_and_what_was_delivered_is_kept(stage: Stage, flood: Flood) -> None:
    gateway = stage.gateway(flood.upstream, flood.mode)
    with measured(gateway), stage.client(gateway) as client:
        stream_id = begin(client, flood)
        stream = client.streams[stream_id]
        if flood.reading == "fast":
            assert client.wait_for(stream_id, SECONDS)
        elif flood.reading == "slow":
            wait_for(lambda: stream.received + stream.sent > SLOW_BYTES)
        else:
            wait_until_still(client, stream_id)
    assert stream.received + stream.sent
    assert "crash" not in gateway.log
    assert "Traceback" not in gateway.log
    if flood.mode != "pass":
        check_history(stage, flood, stream.sent, stream.received)


def check_history(stage: Stage, flood: Flood, sent: int, received: int) -> None:
    path = make_path(flood)
    wait_for(lambda: stage.find(path) is not None)
    kept = stage.find(path)
    assert kept is not None
    kept_size = measure_body(kept.response.body) if kept.response else 0
    if flood.reading == "fast":
        assert (kept.error, measure_body(kept.request.body), kept_size) == (None, sent, received)
    else:
        assert kept.has_failed
        assert kept_size >= received


@pytest.mark.parametrize("upstream", ["HTTP/2", "HTTP/1.1"])
@pytest.mark.parametrize("kind", ["down", "up"])
def test_a_stream_that_stands_still_does_not_stop_the_others(stage: Stage, upstream: str, kind: str) -> None:
    gateway = stage.gateway(upstream)
    with stage.client(gateway) as client:
        stuck = begin(client, Flood(upstream, "record", kind, "absent"))
        wait_until_still(client, stuck)
        for _ in range(3):
            other = client.request("GET", "/down/5000")
            assert client.wait_for(other, SECONDS)
            assert client.streams[other].received == 5000


def test_many_streams_that_stand_still_take_little_memory(stage: Stage) -> None:
    """As many as the gateway allows."""
    gateway = stage.gateway("HTTP/2")
    with measured(gateway), stage.client(gateway) as client:
        client.takes_all = False
        wait_for(lambda: client.max_streams > 0)
        streams = [client.request("GET", f"/down/{ENDLESS}") for _ in range(client.max_streams)]
        for stream_id in streams:
            wait_for(lambda stream_id=stream_id: client.streams[stream_id].received >= 65_535)  # type: ignore[misc]
        wait_until_still(client, streams[-1])
