"""Streamed answers over real sockets: they are kept as they came and replayed in the same pieces at the same times."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.factories.messages import ORIGIN
from tests.programs import PATIENCE_SECONDS, Serving, Understudy
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.ids import new_id
from understudy.store.model.messages import Chunk, Headers, PiecedBody, Request, Response
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store
from understudy.store.sql.open_store import open_store

EVENTS = [b"data: one\n\n", b"data: two\n\n", b"data: three\n\n"]
STEP = 0.15
TICK = 0.02
CHUNKS = tuple(Chunk(STEP * (number + 1), len(event)) for number, event in enumerate(EVENTS))
BODY = b"".join(EVENTS)
STREAM = Response(200, Headers.of([("Content-Type", "text/event-stream")]), BODY, b"OK", chunks=CHUNKS)
SIZED = replace(STREAM, headers=Headers.of([("Content-Length", str(len(BODY)))]))
LARGE = 4_000_000
ENDLESS = replace(STREAM, body=bytes(LARGE), chunks=(Chunk(0, LARGE // 2), Chunk(0, LARGE // 2)))
ANSWERS = {b"/events": STREAM, b"/sized": SIZED, b"/large": ENDLESS}


def keep_streams(store: Store, session: str) -> None:
    """A session in which an API streamed."""
    made = store.sessions.create(session, ORIGIN)
    exchanges = [
        Exchange(made.id, Request("GET", target, origin=ORIGIN), answer, Timings(1.0))
        for target, answer in ANSWERS.items()
    ]
    store.history.add(exchanges)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """The session `streams`, and its examples in the collection and mock server `mocked`."""
    understudy = Understudy(tmp_path_factory.mktemp("streams"))
    store = open_store(str(understudy.store))
    keep_streams(store, "streams")
    store.close()
    understudy.run("promote", "--session", "streams", "--to", "mocked")
    understudy.run("mocks", "create", "mocked", "--collection", "mocked", "--timing", "2x")
    return understudy


@pytest.fixture(scope="module", params=["replay", "mock"])
def serving(kept: Understudy, request: pytest.FixtureRequest) -> Iterator[tuple[Serving, float]]:
    """A gateway that replays the session, or a mock server twice as fast; with the seconds between two events."""
    if request.param == "replay":
        with kept.serving("replay", "streams") as gateway:
            yield gateway, STEP
    else:
        with kept.mocks_serving("mocked") as mocks:
            yield mocks, STEP / 2


def received(
    serving: Serving, target: str, version: str = "1.1", end: bytes = b"0\r\n\r\n"
) -> list[tuple[float, bytes]]:
    """What comes for a request, piece by piece, with the seconds since it was sent, to this end or the connection's."""
    with socket.create_connection(("127.0.0.1", serving.port), PATIENCE_SECONDS) as client:
        client.sendall(f"GET {target} HTTP/{version}\r\nHost: {ORIGIN.host}\r\n\r\n".encode())
        begun, pieces, answer = time.monotonic(), [], b""
        while not answer.endswith(end) and (data := client.recv(65536)):
            pieces.append((time.monotonic() - begun, data))
            answer += data
        return pieces


def test_a_stream_comes_in_its_pieces_at_their_times(serving: tuple[Serving, float]) -> None:
    """No sooner than they are due, a clock's tick aside; how late is up to the machine."""
    server, step = serving
    pieces = received(server, "/events")
    head, _, body = b"".join(data for _, data in pieces).partition(b"\r\n\r\n")
    assert head.endswith(b"Transfer-Encoding: chunked")
    assert body == b"".join(b"%x\r\n%s\r\n" % (len(event), event) for event in EVENTS) + b"0\r\n\r\n"
    first = [next(at for at, data in pieces if event in data) for event in EVENTS]
    assert all(at >= step * (number + 1) - TICK for number, at in enumerate(first))


def test_an_old_client_gets_the_stream_until_the_end(serving: tuple[Serving, float]) -> None:
    answer = b"".join(data for _, data in received(serving[0], "/events", "1.0", end=b"the connection's"))
    assert answer.endswith(b"Connection: close\r\n\r\n" + b"".join(EVENTS))


def test_a_length_is_told_where_it_was(serving: tuple[Serving, float]) -> None:
    answer = b"".join(data for _, data in received(serving[0], "/sized", end=EVENTS[-1]))
    assert b"Content-Length: %d\r\n" % len(BODY) in answer
    assert answer.endswith(b"\r\n\r\n" + b"".join(EVENTS))


def test_a_client_that_reads_late_gets_everything(serving: tuple[Serving, float]) -> None:
    with socket.create_connection(("127.0.0.1", serving[0].port), 10) as client:
        client.sendall(f"GET /large HTTP/1.0\r\nHost: {ORIGIN.host}\r\n\r\n".encode())
        time.sleep(0.3)
        size = sum(len(data) for data in iter(lambda: client.recv(1 << 20), b""))
    assert size > LARGE


def test_a_client_that_goes_away_leaves_nothing_behind(serving: tuple[Serving, float]) -> None:
    """The next one is answered as ever."""
    with socket.create_connection(("127.0.0.1", serving[0].port), 10) as client:
        client.sendall(f"GET /events HTTP/1.1\r\nHost: {ORIGIN.host}\r\n\r\n".encode())
        client.recv(10)
    assert b"data: three" in b"".join(data for _, data in received(serving[0], "/events"))
    assert "Traceback" not in serving[0].log


def test_without_timing_everything_comes_as_fast_as_it_can(kept: Understudy) -> None:
    """And in its pieces."""
    with kept.serving("replay", "streams", "--timing", "none") as gateway:
        answer = b"".join(data for _, data in received(gateway, "/events"))
    assert answer.endswith(b"".join(b"%x\r\n%s\r\n" % (len(event), event) for event in EVENTS) + b"0\r\n\r\n")


# HTTP/2


@pytest.fixture(scope="module")
def over_http_2(kept: Understudy) -> Iterator[httpx.Client]:
    """A client of a gateway that replays the session."""
    with kept.serving("replay", "streams", "--upstream", str(ORIGIN)) as gateway:
        context = ssl.create_default_context(cafile=kept.ca)
        with httpx.Client(http2=True, verify=context, base_url=f"https://127.0.0.1:{gateway.port}") as client:
            yield client


def test_a_stream_comes_in_its_pieces_over_http_2(over_http_2: httpx.Client) -> None:
    begun = time.monotonic()
    with over_http_2.stream("GET", "/events") as response:
        pieces = [(time.monotonic() - begun, data) for data in response.iter_raw()]
        assert (response.http_version, dict(response.headers)) == ("HTTP/2", {"content-type": "text/event-stream"})
    assert [data for _, data in pieces] == EVENTS
    assert all(at >= STEP * (number + 1) - TICK for number, (at, _) in enumerate(pieces))


def test_streams_share_a_connection(over_http_2: httpx.Client) -> None:
    """One that is not read to its end holds up no other, and its end is none for the connection."""
    with over_http_2.stream("GET", "/large") as large:
        assert next(large.iter_raw())
        assert over_http_2.get("/events").content == BODY
    assert over_http_2.get("/sized").content == BODY


def test_a_client_that_reads_late_gets_everything_over_http_2(over_http_2: httpx.Client) -> None:
    with over_http_2.stream("GET", "/large") as response:
        time.sleep(0.3)
        assert len(response.read()) == LARGE


# Large bodies

PIECE = 256 * 1024
PIECES = 160  # 40 MB


def keep_large(store: Store, session: str) -> None:
    """A session in which an API sent a large body."""
    made, key, digest = store.sessions.create(session, ORIGIN), new_id(), hashlib.sha256()
    for position in range(PIECES):
        piece = bytes([position]) * PIECE
        digest.update(piece)
        store.bodies.add_pieces([(key, position, piece)])
    answer = Response(200, Headers.of([("Content-Length", str(PIECES * PIECE))]), reason=b"OK")
    answer = replace(answer, body=PiecedBody(digest.hexdigest(), PIECES * PIECE, key))
    store.history.add([Exchange(made.id, Request("GET", b"/download", origin=ORIGIN), answer, Timings(1.0))])


def compute_digest(first: int, last: int) -> str:
    """Return the digest of these bytes of the large body, both ends included; they end in a later piece."""
    digest = hashlib.sha256(bytes([first // PIECE]) * (PIECE - first % PIECE))
    for position in range(first // PIECE + 1, last // PIECE):
        digest.update(bytes([position]) * PIECE)
    digest.update(bytes([last // PIECE]) * (last % PIECE + 1))
    return digest.hexdigest()


@pytest.mark.parametrize(
    ("first", "last", "headers"),
    [
        (0, PIECES * PIECE - 1, {}),
        (20 * PIECE + 5, 150 * PIECE + 7, {"Range": f"bytes={20 * PIECE + 5}-{150 * PIECE + 7}"}),
    ],
)
@pytest.mark.parametrize("command", ["replay", "mock"])
def test_a_large_body_is_sent_without_being_held_in_memory(
    understudy: Understudy, command: str, first: int, last: int, headers: dict[str, str]
) -> None:
    """Over HTTP/1.1 and HTTP/2 by a gateway, and by a mock server; whole and a range of it."""
    store = open_store(str(understudy.store))
    keep_large(store, "large")
    store.close()
    if command == "replay":
        serving = understudy.serving("replay", "large", "--upstream", str(ORIGIN))
    else:
        understudy.run("promote", "--session", "large", "--to", "large", "--keep-secrets")
        understudy.run("mocks", "create", "large", "--collection", "large")
        serving = understudy.mocks_serving("large")
    with serving as server:
        urls = [f"{server.url}/download"]
        if command == "replay":
            urls.append(f"https://127.0.0.1:{server.port}/download")
        before = psutil.Process(server.process.pid).memory_info().rss
        for url in urls:
            assert downloaded(url, understudy, headers) == compute_digest(first, last)
        assert psutil.Process(server.process.pid).memory_info().rss - before < PIECES * PIECE / 2


def downloaded(url: str, understudy: Understudy, headers: dict[str, str]) -> str:
    """The digest of what comes; nothing more is asked for while it is looked at."""
    digest = hashlib.sha256()
    verify = ssl.create_default_context(cafile=understudy.ca) if understudy.ca.exists() else False
    with (
        httpx.Client(http2=True, verify=verify, timeout=60) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        for data in response.iter_raw():
            digest.update(data)
    return digest.hexdigest()


def test_a_timing_that_is_none_is_a_mistake(kept: Understudy) -> None:
    shown = kept.mistake("replay", "streams", "--timing", "fast")
    assert shown.endswith("a timing is recorded, none, or how many times as fast, such as 2x or 0.5x, not 'fast'")
