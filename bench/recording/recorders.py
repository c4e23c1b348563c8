"""The recorders in the comparison: each forwards everything to one upstream and records it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from bench.peers import npm
from bench.peers.failures import FAILURES, describe_failure, read_version
from bench.peers.hoverfly import HOVERFLY
from bench.peers.mockserver import MOCKSERVER
from bench.peers.mountebank import MOUNTEBANK
from bench.peers.peer import Peer
from bench.peers.wiremock import WIREMOCK
from bench.programs import Program, find_free_port, run_mitmdump, run_program, run_understudy

TIMEOUT_SECONDS = 60.0
# A recorder may answer before the exchange is in its list.
LIST_SECONDS = 10.0
LOOK_SECONDS = 0.05
PROBE = "/items/probe/0"
JSON = {"Content-Type": "application/json"}

Start = Callable[[Path, str], AbstractContextManager[Program]]
Address = tuple[int, str]
"""A port, and the target of a request to it."""


@dataclass(frozen=True)
class Recorder:
    """A program that records.

    `warm_up` is in seconds. `proxy`: it is a forward proxy, so requests have absolute targets. `ours`: if it fails, the
    benchmark fails, which goes on without any other recorder that fails.
    """

    name: str
    start: Start
    version: str = ""
    warm_up: int = 1
    proxy: bool = False
    ours: bool = False


OURS = Recorder("understudy", run_understudy, ours=True)
MITMDUMP = Recorder("mitmdump -w", run_mitmdump)


def find_recording_peers(folder: Path) -> tuple[list[Recorder], dict[str, str]]:
    """Install the recording peers; return those that are available, and the reason for each that is not."""
    found, missing = [], {}
    for peer, start in STARTS.items():
        try:
            place = peer.install(folder)
            proxy = peer is HOVERFLY
            version = read_version(peer, place)
            found.append(Recorder(peer.name, partial(start, place), version, peer.warm_up, proxy))
        except FAILURES as problem:
            missing[peer.name] = describe_failure(problem)
    return found, missing


@contextmanager
def _wiremock(installed: Path, folder: Path, url: str) -> Iterator[Program]:
    # WireMock records to its journal in memory, until it is requested to create mappings.
    jar, port = npm.find_file(installed, "build/wiremock-standalone-*.jar"), find_free_port()
    command = ["java", "-jar", jar, "--port", port, "--bind-address", "127.0.0.1", "--root-dir", folder]
    with _run_recorder([*command, "--disable-request-logging"], folder, (port, "/__admin/mappings")) as program:
        _send(port, "POST", "/__admin/recordings/start", {"targetBaseUrl": url, "persist": False})
        _check_recording(port, program, "GET", "/__admin/requests")
        yield program


@contextmanager
def _mockserver(installed: Path, folder: Path, url: str) -> Iterator[Program]:
    # MockServer keeps forwarded requests in its event log in memory, and chooses the size of the log.
    jar, port, to = npm.find_file(installed, "mockserver-netty-*.jar"), find_free_port(), urlsplit(url)
    options = ["-Dmockserver.logLevel=ERROR", "-Dmockserver.localBoundIP=127.0.0.1"]
    command = ["java", *options, "-jar", jar, "-serverPort", port]
    command += ["-proxyRemoteHost", to.hostname, "-proxyRemotePort", to.port]
    with _run_recorder(command, folder, (port, PROBE)) as program:
        _check_recording(port, program, "PUT", "/mockserver/retrieve?type=REQUEST_RESPONSES&format=JSON")
        yield program


@contextmanager
def _mountebank(installed: Path, folder: Path, url: str) -> Iterator[Program]:
    generators = [{"matches": {"method": True, "path": True, "query": True}}]
    proxy = {"to": url, "mode": "proxyAlways", "predicateGenerators": generators}
    port, admin = find_free_port(), find_free_port()
    imposter = {"protocol": "http", "port": port, "stubs": [{"responses": [{"proxy": proxy}]}]}
    config = folder / "imposters.json"
    config.write_text(json.dumps({"imposters": [imposter]}))
    command = ["node", installed / "bin" / "mb", "start", "--configfile", config, "--noParse", "--nologfile"]
    command += ["--loglevel", "error", "--localOnly", "--host", "127.0.0.1", "--port", admin]
    target = f"/imposters/{port}"
    with _run_recorder(command, folder, (port, PROBE), (admin, target)) as program:
        _check_recording(admin, program, "GET", target)
        yield program


@contextmanager
def _hoverfly(installed: Path, folder: Path, url: str) -> Iterator[Program]:
    port, admin = find_free_port(), find_free_port()
    command = [installed, "-capture", "-pp", port, "-ap", admin, "-journal-size", "0", "-log-level", "error"]
    target = "/api/v2/simulation"
    with _run_recorder(command, folder, (port, url + PROBE), (admin, target)) as program:
        _check_recording(admin, program, "GET", target)
        yield program


STARTS: dict[Peer, Callable[[Path, Path, str], AbstractContextManager[Program]]] = {
    MOCKSERVER: _mockserver,
    WIREMOCK: _wiremock,
    MOUNTEBANK: _mountebank,
    HOVERFLY: _hoverfly,
}


@contextmanager
def _run_recorder(command: Sequence[object], folder: Path, *addresses: Address) -> Iterator[Program]:
    """Run a recorder until the block ends; the first address is that of the proxy.

    The block starts when all addresses have answered: the ports of a recorder may open one after the other.
    """
    ready = make_readiness(addresses)
    with run_program(list(map(str, command)), addresses[0][0], folder / "server.log", ready=ready) as program:
        yield program


def make_readiness(addresses: Sequence[Address], is_up: Callable[[int, str], bool] | None = None) -> Callable[[], bool]:
    """Return a function that returns whether each address has answered once; `is_up` asks one address."""
    waiting, ask = list(addresses), is_up or _is_up

    def is_ready() -> bool:
        waiting[:] = [address for address in waiting if not ask(*address)]
        return not waiting

    return is_ready


def _is_up(port: int, target: str) -> bool:
    try:
        _send(port, "GET", target)
    except (OSError, http.client.HTTPException, RuntimeError):
        return False
    return True


def _check_recording(port: int, program: Program, method: str, target: str) -> None:
    """Send a request if needed, and raise RuntimeError if `target` does not list it as recorded in time."""
    if port == program.port:
        _send(port, "GET", PROBE)
    deadline = time.monotonic() + LIST_SECONDS
    while PROBE not in _send(port, method, target):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{target} does not list the forwarded request")
        time.sleep(LOOK_SECONDS)


def _send(port: int, method: str, target: str, body: object = None) -> str:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)) as connection:
        connection.request(method, target, None if body is None else json.dumps(body), JSON)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    if answer.status not in (200, 201):
        raise RuntimeError(f"{method} {target}: {answer.status} {text[:200]}")
    return text
