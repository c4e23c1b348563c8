"""HTTP/2 from the client to the upstream: what streams is passed on as it comes, kept as it came, and replayed so."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.peers.certificates import make_certificate
from tests.peers.http2_server import Asked, http_2_server
from tests.programs import Serving, Understudy, wait_for
from understudy.store.model.exchanges import Exchange
from understudy.store.model.messages import Headers
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store
from understudy.store.sql.open_store import open_store

TIMEOUT = 20.0
EVENTS = [b"data: one\n\n", b"data: two\n\n", b"data: three\n\n"]
LARGE = 3_000_000
PAUSE = 0.01  # what comes closer together counts as one piece


@dataclass
class Stage:
    """A gateway that records an HTTP/2 API; what the API waits for at /waits, and what it was asked last."""

    understudy: Understudy
    store: Store
    gateway: Serving
    client: httpx.Client
    arrived: threading.Event = field(default_factory=threading.Event)

    def newest(self, path: str) -> Exchange:
        """The last exchange of this path, if there is one."""
        return next(iter(self.store.history.list_newest(HistoryFilter(path=path), 1)))

    def answer(self, asked: Asked) -> None:
        """The API."""
        self.arrived.clear()
        match asked.headers[":path"]:
            case "/waits":
                asked.head(("content-type", "text/event-stream"))
                for event in EVENTS:
                    asked.data(event)
                    assert self.arrived.wait(TIMEOUT)
                    self.arrived.clear()
                    time.sleep(PAUSE)
                asked.end(("checksum", "abc"))
            case "/sized":
                asked.head(("content-type", "text/event-stream"), ("content-length", str(sum(map(len, EVENTS)))))
                for event in EVENTS:
                    asked.data(event)
                    assert self.arrived.wait(TIMEOUT) or event is EVENTS[-1]
                asked.end()
            case "/breaks":
                asked.head(("content-type", "text/event-stream"))
                asked.data(EVENTS[0])
                assert self.arrived.wait(TIMEOUT)
                asked.reset()
            case "/short":
                asked.head(("content-length", "10"))
                asked.data(b"half")
                asked.reset()
            case "/nothing":
                asked.reset()
            case "/large":
                asked.head(("content-length", str(LARGE)))
                for _ in range(LARGE // 10_000):
                    asked.data(b"x" * 10_000)
                asked.end()
            case _:
                asked.head(status=103)
                asked.head(("content-length", "2"))
                asked.data(b"%02d" % (len(asked.body) % 100))
                asked.end()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Recording to the session `api`."""
    understudy = Understudy(tmp_path_factory.mktemp("http-2"))
    certificate = make_certificate(understudy.home / "upstream.pem", "127.0.0.1")
    stages: list[Stage] = []
    with http_2_server(certificate, lambda asked: stages[0].answer(asked)) as url:  # noqa: PLW0108 - it is filled later
        options = ("--upstream", url, "--upstream-ca", certificate, "--session", "api")
        with understudy.serving("record", *options) as gateway, client_of(understudy, gateway) as client:
            store = open_store(str(understudy.store))
            stages.append(Stage(understudy, store, gateway, client))
            yield stages[0]
            store.close()


def client_of(understudy: Understudy, gateway: Serving) -> httpx.Client:
    """A client that speaks HTTP/2 with a gateway."""
    context = ssl.create_default_context(cafile=understudy.ca)
    return httpx.Client(http2=True, verify=context, base_url=f"https://127.0.0.1:{gateway.port}", timeout=TIMEOUT)


def test_a_stream_passes_as_it_comes_and_is_replayed_so(stage: Stage) -> None:
    """The API sends nothing more until the client has received what came; chunks and trailers are kept."""
    with stage.client.stream("GET", "/waits") as response:
        assert response.http_version == "HTTP/2"
        arrived = []
        for data in response.iter_raw():
            arrived.append(data)
            stage.arrived.set()
    assert arrived == EVENTS
    kept = stage.newest("/waits").response
    assert kept is not None
    assert [chunk.size for chunk in kept.chunks] == [len(event) for event in EVENTS]
    assert kept.trailers == Headers.of([("checksum", "abc")])
    with (
        stage.understudy.serving("replay", "api", "--timing", "none") as gateway,
        client_of(stage.understudy, gateway) as client,
        client.stream("GET", "/waits") as response,
    ):
        assert list(response.iter_raw()) == EVENTS


def test_what_completes_an_answer_is_held_until_it_is_kept(stage: Stage) -> None:
    """A client that knows the length has everything when the exchange is in history, and no sooner."""
    size = sum(map(len, EVENTS))
    with stage.client.stream("GET", "/sized") as response:
        for _ in response.iter_raw():
            if response.num_bytes_downloaded == size:
                assert stage.newest("/sized").response is not None
            stage.arrived.set()
    assert response.num_bytes_downloaded == size


def test_what_came_of_an_answer_that_broke_off_is_kept(stage: Stage) -> None:
    """As failed, with the part that came; the client gets an error."""
    with stage.client.stream("GET", "/breaks") as response:
        pieces = response.iter_raw()
        assert next(pieces) == EVENTS[0]
        stage.arrived.set()
        with pytest.raises(httpx.RemoteProtocolError):
            next(pieces)
    kept = stage.newest("/breaks")
    assert kept.has_failed
    assert kept.response is not None
    assert stage.store.bodies.read(kept.response.body) == EVENTS[0]


def test_what_a_client_gave_up_is_kept_as_given_up(stage: Stage) -> None:
    """The side that reset a stream is known: what the upstream broke off is a failure of another kind."""

    def given_up() -> list[Exchange]:
        return [one for one in stage.store.history.list_newest(HistoryFilter(path="/breaks"), 1) if one.is_abandoned]

    with client_of(stage.understudy, stage.gateway) as leaving, leaving.stream("GET", "/breaks") as response:
        assert next(response.iter_raw()) == EVENTS[0]
    wait_for(lambda: bool(given_up()), TIMEOUT)
    stage.arrived.set()
    kept = given_up()[0].response
    assert kept is not None
    assert stage.store.bodies.read(kept.body) == EVENTS[0]


@pytest.mark.parametrize(("path", "came"), [("/short", b"half"), ("/nothing", None)])
def test_an_answer_that_never_came_whole_is_an_error(stage: Stage, path: str, came: bytes | None) -> None:
    """Of the gateway's kind; what came of it is kept, as failed."""
    answer = stage.client.get(path)
    assert (answer.status_code, answer.json()["error"]["name"]) == (502, "upstreamFailedError")
    kept = stage.newest(path)
    assert kept.error == "stream reset by the upstream (NO_ERROR)"
    assert (kept.response and stage.store.bodies.read(kept.response.body)) == came


def test_what_is_no_http_is_told_so(stage: Stage) -> None:
    """In JSON, whatever the client is."""
    with socket.create_connection(("127.0.0.1", stage.gateway.port), TIMEOUT) as client:
        client.sendall(b"\x00\x01garbage\r\n\r\n")
        head, _, body = b"".join(iter(lambda: client.recv(65536), b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error"]["name"] == "malformedRequestError"


def test_a_large_answer_is_kept_in_pieces(stage: Stage) -> None:
    """And none of them is missing."""
    assert stage.client.get("/large").content == b"x" * LARGE
    kept = stage.newest("/large").response
    assert kept is not None
    assert stage.store.bodies.read(kept.body) == b"x" * LARGE
    assert len(list(stage.store.bodies.read_pieces(kept.body))) > 1


def test_a_large_request_is_kept_in_pieces(stage: Stage) -> None:
    """With and without a length; an informational response before the answer changes nothing."""
    shown: list[bytes | Iterator[bytes]] = [bytes(LARGE), (bytes(LARGE // 10) for _ in range(10))]
    for content in shown:
        assert stage.client.post("/count", content=content).content == b"00"
        kept = stage.newest("/count").request
        assert stage.store.bodies.read(kept.body) == bytes(LARGE)
        assert len(list(stage.store.bodies.read_pieces(kept.body))) > 1


async def test_many_streams_pass_at_once(stage: Stage) -> None:
    """Over one connection, by a client of one thread: httpx does not guard its connections against several."""
    context = ssl.create_default_context(cafile=stage.understudy.ca)
    base = f"https://127.0.0.1:{stage.gateway.port}"
    async with httpx.AsyncClient(http2=True, verify=context, base_url=base, timeout=TIMEOUT) as client:
        answers = await asyncio.gather(*(client.post("/count", content=b"x" * number) for number in range(20)))
    assert [one.content for one in answers] == [b"%02d" % number for number in range(20)]
