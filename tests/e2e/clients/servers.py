"""The servers that real clients call while they are recorded; their names mean something to the gateway alone."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from unittest.mock import patch
from urllib.parse import urlsplit

import grpc
from websockets.asyncio.server import ServerConnection, serve

from tests.peers.certificates import make_certificate
from tests.programs import answer, upstream

SHOP, CLOUD = "api.shop.test", "cloud.test"  # never resolve (RFC 2606, section 2)
WORDS = ("Well", ", ", "here", " it", " is", ".")


@dataclass(frozen=True)
class Servers:
    """Their URLs, and the options with which a gateway reaches them."""

    urls: tuple[str, ...]
    options: tuple[str, ...]


@contextmanager
def serving(home: Path) -> Iterator[Servers]:
    """A shop over HTTPS, which also streams completions, a cloud over HTTP, a chat by WebSocket, and orders by gRPC."""
    certificate = make_certificate(home / "shop.pem", SHOP)
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with _cloud() as cloud, upstream(_shop, tls=tls) as url, _chat(tls) as chat, _orders(certificate) as orders:
        ports = urlsplit(url).port, cloud, chat, orders
        places = [f"{CLOUD if port == cloud else SHOP}:{port}" for port in ports]
        resolve = [word for place in places for word in ("--resolve", f"{place}:127.0.0.1")]
        options = ("--upstream", f"https://{places[0]}", "--upstream-ca", str(certificate), *resolve)
        schemes = ("https://", "http://", "wss://", "")
        yield Servers(tuple(scheme + place for scheme, place in zip(schemes, places, strict=True)), options)


@contextmanager
def _cloud() -> Iterator[int]:
    """The port of moto's server."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # Read when it is imported; without, it takes the first part of its own name for a bucket.
    with patch.dict(os.environ, {"S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true"}):
        from moto.server import ThreadedMotoServer

        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        try:
            yield server.get_host_and_port()[1]
        finally:
            server.stop()


@contextmanager
def _chat(tls: SSLContext) -> Iterator[int]:
    """The port of a server that greets, then gives each message back, as text or as bytes."""

    async def talk(client: ServerConnection) -> None:
        await client.send("hello")
        async for message in client:
            await client.send(message)

    async def run(listening: Future[int], ended: asyncio.Event) -> None:
        async with serve(talk, "127.0.0.1", 0, ssl=tls) as server:
            listening.set_result(next(iter(server.sockets)).getsockname()[1])
            await ended.wait()

    loop, ended, listening = asyncio.new_event_loop(), asyncio.Event(), Future[int]()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(listening, ended),))
    thread.start()
    try:
        yield listening.result(10)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


@contextmanager
def _orders(certificate: Path) -> Iterator[int]:
    """The port of a gRPC server: Get answers once, Watch three times."""
    methods = {
        "Get": grpc.unary_unary_rpc_method_handler(lambda asked, _: b"got " + asked),
        "Watch": grpc.unary_stream_rpc_method_handler(lambda asked, _: (b"%s %d" % (asked, n) for n in range(3))),
    }
    server, pem = grpc.server(ThreadPoolExecutor(2)), certificate.read_bytes()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Orders", methods),))
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(pem, pem)]))
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


def _shop(handler: BaseHTTPRequestHandler) -> None:
    match handler.path:
        case "/v1/chat/completions":
            complete(handler)
        case "/zipped":
            answer(handler, gzip.compress(b"zipped", mtime=0), Content_Encoding="gzip")
        case "/missing":
            answer(handler, b'{"error": "missing"}', 404, Content_Type="application/json")
        case "/echo":
            sent = handler.rfile.read(int(handler.headers["Content-Length"]))
            handler.headers["Content-Length"] = "0"
            del handler.headers["Content-Length"]
            answer(handler, sent, 201, Content_Type=handler.headers["Content-Type"])
        case _:
            answer(handler, json.dumps({"items": [1, 2, 3]}).encode(), Content_Type="application/json", X_Page="1")


def complete(handler: BaseHTTPRequestHandler) -> None:
    """Stream a completion, word by word."""
    handler.rfile.read(int(handler.headers["Content-Length"]))
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for word in WORDS:
        _chunk(handler, f"data: {json.dumps(_completion(word))}\n\n".encode())
    _chunk(handler, b"data: [DONE]\n\n")
    _chunk(handler, b"")


def _completion(word: str) -> dict[str, object]:
    choice = {"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}
    return {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def _chunk(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
    handler.wfile.flush()
