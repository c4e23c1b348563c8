"""mitmdump --server-replay: flows written by mitmproxy's own writer, replayed in reverse mode, any number of times."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

from mitmproxy.connection import Client, Server
from mitmproxy.http import Headers, HTTPFlow, Request, Response
from mitmproxy.io import FlowWriter

from bench.load.pairs import Pair
from bench.peers.peer import Bodies, Launch, Peer, Place
from understudy.store.model.values import replace

# mitmdump compares the host of a request, which with wrk is the address of the listener.
HOST = "127.0.0.1"
OPTIONS = {
    "server_replay_reuse": "true",
    "server_replay_extra": "404",
    "server_replay_ignore_host": "true",
    "server_replay_ignore_port": "true",
    "connection_strategy": "lazy",
    "upstream_cert": "false",
}


def _launch(place: Place, pairs: Sequence[Pair], scheme: str = "http") -> Launch:
    flows = place.folder / "flows"
    with flows.open("wb") as file:
        writer = FlowWriter(file)
        for pair in pairs:
            writer.add(_flow(pair, scheme))
    command = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q"]
    command += ["--mode", f"reverse:{scheme}://{HOST}:1", "--server-replay", str(flows)]
    command += ["--listen-host", "127.0.0.1", "--listen-port", str(place.port), "--set", f"confdir={place.folder}"]
    for name, value in OPTIONS.items():
        command += ["--set", f"{name}={value}"]
    return Launch(command)


def _flow(pair: Pair, scheme: str) -> HTTPFlow:
    client = Client(peername=(HOST, 1), sockname=(HOST, 2), timestamp_start=0.0)
    flow = HTTPFlow(client, Server(address=(HOST, 1)))
    fields = Headers(host=HOST, content_type="application/json") if pair.body else Headers(host=HOST)
    flow.request = Request(
        HOST, 1, pair.method.encode(), scheme.encode(), b"", pair.target.encode(), b"HTTP/1.1", fields,
        pair.body.encode(), None, 0.0, 0.0,
    )  # fmt: skip
    flow.response = Response.make(200, pair.answer.encode(), {"Content-Type": "application/json"})
    return flow


def _version(_: Path) -> str:
    return version("mitmproxy")


MITMDUMP = Peer("mitmdump --server-replay", lambda peers: peers, _version, _launch, bodies=Bodies.BYTES)
MITMDUMP_HTTPS = replace(
    MITMDUMP, name="mitmdump --server-replay, HTTPS", launch=partial(_launch, scheme="https"), scheme="https"
)
