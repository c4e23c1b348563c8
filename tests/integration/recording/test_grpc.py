"""gRPC over TLS: unary and server-streaming calls of the grpcio client are recorded, and replayed with nobody there."""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

import grpc
import pytest

from tests.peers.certificates import make_certificate
from tests.programs import Serving, Understudy

SERVICE = "shop.Orders"
PAUSE = 0.1
TIMEOUT = 10.0
Metadata = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True)
class Called:
    """What a client saw of one call: its messages, its trailing metadata, and how it ended."""

    messages: tuple[bytes, ...]
    trailing: Metadata
    code: grpc.StatusCode
    details: str


def get(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Unary: says what was asked; an empty request is refused, with a message and metadata of its own."""
    context.set_trailing_metadata((("cost", "7"), ("proof-bin", b"\x00\xff")))
    if not request:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "say what — you want")
    return b"got " + request


def watch(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    """Server streaming: three messages with pauses between; of `broken` one message, then an error."""
    for number in range(3):
        yield b"%s %d" % (request, number)
        if request == b"broken":
            context.abort(grpc.StatusCode.DATA_LOSS, "lost")
        time.sleep(PAUSE)


def count(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
    """Client streaming: says how many messages came."""
    return b"%d" % sum(1 for _ in requests)


def talk(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    """Bidirectional: answers each message before the next; `enough` ends the call while the client's side is open."""
    for request in requests:
        yield b"echo " + request
        if request == b"enough":
            context.abort(grpc.StatusCode.OUT_OF_RANGE, "enough")


@contextmanager
def orders(certificate: Path) -> Iterator[int]:
    """The API on a free port, with TLS; yields the port."""
    server = grpc.server(ThreadPoolExecutor(4))
    methods = {
        "Get": grpc.unary_unary_rpc_method_handler(get),
        "Watch": grpc.unary_stream_rpc_method_handler(watch),
        "Count": grpc.stream_unary_rpc_method_handler(count),
        "Talk": grpc.stream_stream_rpc_method_handler(talk),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    pem = certificate.read_bytes()
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(pem, pem)]))
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


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


class Dialogue:
    """A client that waits for each answer before it sends its next message."""

    def __init__(self, gateway: Serving, understudy: Understudy, *messages: bytes) -> None:
        self.answers: list[bytes] = []
        self.code = grpc.StatusCode.OK
        sent: Queue[bytes | None] = Queue()
        rest = iter([*messages[1:], None])
        sent.put(messages[0])
        with open_channel(gateway, understudy) as channel:
            call = channel.stream_stream(f"/{SERVICE}/Talk")(iter(sent.get, None), timeout=TIMEOUT)
            try:
                for answer in call:
                    self.answers.append(answer)
                    sent.put(next(rest))
            except grpc.RpcError as error:
                self.code = error.code()
            sent.put(None)


def open_channel(gateway: Serving, understudy: Understudy) -> Any:
    trust = grpc.ssl_channel_credentials(understudy.ca.read_bytes())
    options = (("grpc.ssl_target_name_override", "localhost"),)
    return grpc.secure_channel(f"127.0.0.1:{gateway.port}", trust, options)


@pytest.mark.parametrize("mode", ["record", "pass"])
def test_both_sides_of_a_call_pass_at_once(understudy: Understudy, mode: str) -> None:
    certificate = make_certificate(understudy.home / "upstream.pem", "127.0.0.1")
    options = ("-s", "talk") if mode == "record" else ("--mode", "pass")
    with orders(certificate) as port:
        upstream = ("--upstream", f"https://127.0.0.1:{port}", "--upstream-ca", certificate)
        command = "record" if mode == "record" else "gateway"
        with understudy.serving(command, *options, *upstream) as gateway:
            whole = Dialogue(gateway, understudy, b"one", b"two", b"three")
            early = Dialogue(gateway, understudy, b"one", b"enough", b"never sent")
    assert (whole.answers, whole.code) == ([b"echo one", b"echo two", b"echo three"], grpc.StatusCode.OK)
    assert (early.answers, early.code) == ([b"echo one", b"echo enough"], grpc.StatusCode.OUT_OF_RANGE)
    if mode == "record":
        entries = [understudy.json("history", "show", entry["id"]) for entry in understudy.json("history", "list")]
        assert [(entry["error"], entry["degraded"]) for entry in entries] == [(None, ""), (None, "")]


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


TALKS = [
    (b"one", b"two", b"three"),
    (b"one", b"enough", b"never sent"),
    (b"two", b"three"),
]


@pytest.fixture(scope="module")
def talks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Understudy, list[Dialogue]]:
    """What clients saw of bidirectional calls while they were recorded; the API has ended since."""
    understudy = Understudy(tmp_path_factory.mktemp("talks"))
    certificate = make_certificate(understudy.home / "upstream.pem", "127.0.0.1")
    with orders(certificate) as port:
        upstream = ("--upstream", f"https://127.0.0.1:{port}", "--upstream-ca", certificate)
        with understudy.serving("record", "-s", "talk", *upstream) as gateway:
            live = [Dialogue(gateway, understudy, *messages) for messages in TALKS]
    return understudy, live


def test_a_bidirectional_call_is_replayed_to_a_client_that_waits(talks: tuple[Understudy, list[Dialogue]]) -> None:
    understudy, live = talks
    with understudy.serving("replay", "talk") as gateway:
        again = [Dialogue(gateway, understudy, *messages) for messages in TALKS]
    assert [(one.answers, one.code) for one in again] == [(one.answers, one.code) for one in live]


def test_history_shows_both_sides_in_order(talks: tuple[Understudy, list[Dialogue]]) -> None:
    understudy, _ = talks
    shown = understudy.json("history", "show", understudy.json("history", "list")[0]["id"])["messages"]
    sides = [(one["from"], b64decode(one["base64"]) if "base64" in one else None) for one in shown]
    assert sides == [
        ("client", b"one"),
        ("server", b"echo one"),
        ("client", b"two"),
        ("server", b"echo two"),
        ("client", b"three"),
        ("server", b"echo three"),
        ("client", None),
    ]


@pytest.mark.parametrize(
    ("messages", "answers"),
    [
        ((b"one", b"other"), [b"echo one"]),
        ((b"other", b"two"), []),
        ((b"two", b"three", b"four"), [b"echo two", b"echo three"]),
    ],
    ids=["a later message differs", "the first message differs", "one message more"],
)
def test_another_message_ends_a_bidirectional_call(
    talks: tuple[Understudy, list[Dialogue]], messages: tuple[bytes, ...], answers: list[bytes]
) -> None:
    understudy, _ = talks
    with understudy.serving("replay", "talk") as gateway:
        dialogue = Dialogue(gateway, understudy, *messages)
    assert (dialogue.answers, dialogue.code) == (answers, grpc.StatusCode.UNIMPLEMENTED)
