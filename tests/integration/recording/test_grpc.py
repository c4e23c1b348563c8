"""gRPC over TLS: unary and server-streaming calls of the grpcio client are recorded, and replayed with nobody there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Queue
from threading import Event
from typing import Any

import grpc
import psutil
import pytest

from tests.peers.certificates import make_certificate
from tests.peers.http2_server import Asked, http_2_server
from tests.peers.orders import SERVICE, TIMEOUT, Dialogue, open_channel, orders, recording
from tests.programs import Serving, Understudy
from tests.programs.upstream import upstream

Metadata = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True)
class Called:
    """What a client saw of one call: its messages, its trailing metadata, and how it ended."""

    messages: tuple[bytes, ...]
    trailing: Metadata
    code: grpc.StatusCode
    details: str


def called(gateway: Serving, understudy: Understudy, method: str, request: bytes) -> Called:
    """Call the gateway as if it were the API."""
    trust = grpc.ssl_channel_credentials(understudy.ca.read_bytes())
    options = (("grpc.ssl_target_name_override", "localhost"),)
    messages: list[bytes] = []
    with grpc.secure_channel(f"127.0.0.1:{gateway.port}", trust, options) as opened:
        channel: Any = opened  # whose types ask for serializers, which are needless for bytes
        # A unary call is a stream of one message: asked for so, it tells its metadata and its end in the same way.
        call = channel.unary_stream(f"/{SERVICE}/{method}")(request, timeout=TIMEOUT, metadata=(("team", "shop"),))
        with suppress(grpc.RpcError):
            messages.extend(call)
        return Called(tuple(messages), _metadata(call), call.code(), call.details() or "")


CALLS = [("Get", b"tea"), ("Get", b""), ("Watch", b"tea"), ("Watch", b"broken"), ("Get", b"tea")]


def _metadata(call: Any) -> Metadata:
    return tuple((one.key, one.value) for one in call.trailing_metadata() or ())


@dataclass(frozen=True)
class Stage:
    """What clients of the API saw through the gateway that recorded, and one that replays."""

    understudy: Understudy
    live: list[Called]
    gateway: Serving


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Recorded from the API, which has ended since."""
    understudy = Understudy(tmp_path_factory.mktemp("grpc"))
    certificate = make_certificate(understudy.home / "upstream.pem", "127.0.0.1")
    with orders(certificate) as port:
        options = ("--upstream", f"https://127.0.0.1:{port}", "--upstream-ca", certificate, "--session", "orders")
        with understudy.serving("record", *options) as gateway:
            live = [called(gateway, understudy, *call) for call in CALLS]
    with understudy.serving("replay", "orders") as gateway:
        yield Stage(understudy, live, gateway)


def test_calls_pass_while_they_are_recorded(stage: Stage) -> None:
    told = [(one.messages, one.code, one.details) for one in stage.live]
    assert told == [
        ((b"got tea",), grpc.StatusCode.OK, ""),
        ((), grpc.StatusCode.INVALID_ARGUMENT, "say what — you want"),
        ((b"tea 0", b"tea 1", b"tea 2"), grpc.StatusCode.OK, ""),
        ((b"broken 0",), grpc.StatusCode.DATA_LOSS, "lost"),
        ((b"got tea",), grpc.StatusCode.OK, ""),
    ]
    assert stage.live[0].trailing == (("cost", "7"), ("proof-bin", b"\x00\xff"))


def test_calls_are_replayed_with_their_status_and_metadata(stage: Stage) -> None:
    """The same messages, trailing metadata and end as from the API."""
    for call, live in zip(CALLS, stage.live, strict=True):
        again = called(stage.gateway, stage.understudy, *call)
        assert (again.messages, again.trailing, again.code, again.details) == (
            live.messages,
            live.trailing,
            live.code,
            live.details,
        )


def test_another_message_is_a_miss(stage: Stage) -> None:
    """A 404, which clients report as UNIMPLEMENTED (grpc: HTTP to gRPC status code mapping)."""
    assert called(stage.gateway, stage.understudy, "Get", b"coffee").code is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("mode", ["record", "pass", "spy"])
def test_both_sides_of_a_call_pass_at_once(understudy: Understudy, mode: str) -> None:
    understudy.run("collections", "create", "empty")
    options = ("--mock", "empty") if mode == "spy" else ()
    with recording(understudy, *options, mode=mode) as gateway:
        whole = Dialogue(gateway, understudy, b"one", b"two", b"three")
        early = Dialogue(gateway, understudy, b"one", b"enough", b"never sent")
    assert whole.seen == ([b"echo one", b"echo two", b"echo three"], grpc.StatusCode.OK, "")
    assert early.seen == ([b"echo one", b"echo enough"], grpc.StatusCode.OUT_OF_RANGE, "enough")
    entries = [understudy.json("history", "show", entry["id"]) for entry in understudy.json("history", "list")]
    assert [(one["error"], one["degraded"]) for one in entries] == ([] if mode == "pass" else [(None, "")] * 2)


def test_client_streaming_is_recorded_and_replayed(understudy: Understudy) -> None:
    certificate = make_certificate(understudy.home / "upstream.pem", "127.0.0.1")

    def ask(gateway: Serving) -> bytes:
        with open_channel(gateway, understudy) as channel:
            answer: bytes = channel.stream_unary(f"/{SERVICE}/Count")(iter([b"a", b"b", b"c"]), timeout=TIMEOUT)
            return answer

    with orders(certificate) as port:
        upstream = ("--upstream", f"https://127.0.0.1:{port}", "--upstream-ca", certificate)
        with understudy.serving("record", "-s", "count", *upstream) as gateway:
            assert ask(gateway) == b"3"
    with understudy.serving("replay", "count") as gateway:
        assert ask(gateway) == b"3"


def test_a_long_call_takes_no_more_memory_than_a_short_one(understudy: Understudy) -> None:
    """Each of its client's messages is answered by 89 of 64 KB."""
    rounds = 25
    with recording(understudy) as gateway, open_channel(gateway, understudy) as channel:
        sent: Queue[bytes | None] = Queue()
        call = channel.stream_stream(f"/{SERVICE}/Flood")(iter(sent.get, None), timeout=60)
        before = size = 0
        for round_ in range(rounds):
            sent.put(b"more")
            size += sum(len(next(call)) for _ in range(89))
            if round_ == 0:
                before = psutil.Process(gateway.process.pid).memory_info().rss
        grown = psutil.Process(gateway.process.pid).memory_info().rss - before
        sent.put(None)
        assert list(call) == []
    assert (size, grown < size / 4) == (rounds * 89 * 64_000, True)
    (entry,) = understudy.json("history", "list")
    assert (entry["error"], entry["response_size"]) == (None, size + rounds * 89 * 5)


def test_each_side_of_a_call_is_cut_by_itself(understudy: Understudy) -> None:
    with recording(understudy, "--max-body", "20") as gateway:
        dialogue = Dialogue(gateway, understudy, b"one", b"two")
    assert dialogue.seen == ([b"echo one", b"echo two"], grpc.StatusCode.OK, "")
    shown = understudy.json("history", "show", understudy.json("history", "list")[0]["id"])
    assert shown["degraded"] == "the body of the response was cut after 20 bytes"
    assert [one["from"] for one in shown["messages"]] == ["client", "server", "client", "client"]


def test_an_upstream_without_http_2_implements_no_call(understudy: Understudy) -> None:
    with (
        upstream(lambda _: None) as url,
        understudy.serving("record", "--upstream", url, "--session", "talk") as gateway,
    ):
        dialogue = Dialogue(gateway, understudy, b"one")
    assert (dialogue.code, "HTTP/2" in dialogue.details) == (grpc.StatusCode.UNIMPLEMENTED, True)
    assert "HTTP/2" in understudy.json("history", "list")[0]["error"]


def test_a_client_that_resets_its_call_after_the_answer_resets_the_upstream(understudy: Understudy) -> None:
    certificate = make_certificate(understudy.home / "upstream.pem", "127.0.0.1")
    resets: Queue[int] = Queue()

    def answer_at_once(asked: Asked) -> None:
        asked.head(("content-type", "application/grpc"))
        asked.end(("grpc-status", "0"))

    hold, options = Event(), ("--upstream-ca", certificate, "--session", "talk")
    with (
        http_2_server(certificate, lambda _: None, answer_at_once, resets) as url,
        understudy.serving("record", "--upstream", url, *options) as gateway,
    ):
        with open_channel(gateway, understudy) as channel:
            call = channel.stream_stream(f"/{SERVICE}/Talk")(iter(lambda: hold.wait(TIMEOUT), True))
            assert list(call) == []
        assert resets.get(timeout=TIMEOUT)
        hold.set()
