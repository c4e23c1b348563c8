"""An API of gRPC with all kinds of calls, and clients of a gateway that call it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import grpc

from tests.peers.certificates import make_certificate
from tests.programs import Serving, Understudy

SERVICE = "shop.Orders"
PAUSE = 0.1
TIMEOUT = 10.0


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


def greet(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    """Bidirectional: sends its metadata and a message before it reads."""
    context.send_initial_metadata((("table", "5"),))
    yield b"hello"
    yield from talk(requests, context)


def refuse(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    """Bidirectional: refuses each call without reading."""
    context.abort(grpc.StatusCode.UNAUTHENTICATED, "sign in")
    yield from requests


def follow(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    """Bidirectional: two messages after the first of the client, which has to end the call."""
    for request in requests:
        yield from (request + b" 0", request + b" 1")


def flood(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    """Bidirectional: 89 messages of 64 KB for each of the client."""
    for _ in requests:
        yield from (b"%d" % number * 32_000 for number in range(10, 99))


@contextmanager
def orders(certificate: Path) -> Iterator[int]:
    """The API on a free port, with TLS; yields the port."""
    server = grpc.server(ThreadPoolExecutor(8))
    methods = {
        "Get": grpc.unary_unary_rpc_method_handler(get),
        "Watch": grpc.unary_stream_rpc_method_handler(watch),
        "Count": grpc.stream_unary_rpc_method_handler(count),
        **{
            answer.__name__.title(): grpc.stream_stream_rpc_method_handler(answer)
            for answer in (talk, greet, refuse, follow, flood)
        },
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    pem = certificate.read_bytes()
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(pem, pem)]))
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


@contextmanager
def recording(understudy: Understudy, *options: str, mode: str = "record") -> Iterator[Serving]:
    """A gateway before the API, in a mode that forwards; it records session `talk`."""
    certificate = make_certificate(understudy.home / "upstream.pem", "127.0.0.1")
    with orders(certificate) as port:
        upstream = ("--upstream", f"https://127.0.0.1:{port}", "--upstream-ca", certificate)
        session = () if mode == "pass" else ("--session", "talk")
        with understudy.serving("gateway", "--mode", mode, *upstream, *session, *options) as gateway:
            yield gateway


class Dialogue:
    """A client that waits for an answer before it sends its next message.

    It leaves the call after `leaves_after` answers, if that is set.
    """

    def __init__(
        self,
        gateway: Serving,
        understudy: Understudy,
        *messages: bytes,
        method: str = "Talk",
        leaves_after: int | None = None,
        compression: grpc.Compression = grpc.Compression.NoCompression,
    ) -> None:
        self.answers: list[bytes] = []
        self.code, self.details = grpc.StatusCode.OK, ""
        sent: Queue[bytes | None] = Queue()
        rest = iter([*messages[1:], None])
        sent.put(messages[0])
        with open_channel(gateway, understudy) as channel:
            asked = channel.stream_stream(f"/{SERVICE}/{method}")
            call = asked(iter(sent.get, None), timeout=TIMEOUT, compression=compression)
            try:
                for answer in call:
                    self.answers.append(answer)
                    if len(self.answers) == leaves_after:
                        call.cancel()
                    sent.put(next(rest, None))
            except grpc.RpcError as error:
                self.code, self.details = error.code(), error.details() or ""
            sent.put(None)

    @property
    def seen(self) -> tuple[list[bytes], grpc.StatusCode, str]:
        """All that the client saw."""
        return self.answers, self.code, self.details


def open_channel(gateway: Serving, understudy: Understudy) -> Any:
    trust = grpc.ssl_channel_credentials(understudy.ca.read_bytes())
    options = (("grpc.ssl_target_name_override", "localhost"),)
    return grpc.secure_channel(f"127.0.0.1:{gateway.port}", trust, options)
