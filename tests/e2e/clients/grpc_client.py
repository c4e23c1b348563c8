"""A gRPC client that waits for each answer before it sends its next message; prints what it saw as JSON.

`python -m tests.e2e.clients.grpc_client HOST:PORT MESSAGE ...` makes all kinds of calls, a bidirectional one with these
messages.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from queue import Queue
from typing import Any

import grpc

TIMEOUT = 20


def talk(channel: Any, messages: list[str]) -> list[str]:
    """Return the answers of a bidirectional call, and how it ended."""
    sent: Queue[bytes | None] = Queue()
    rest = iter([*messages, None])

    def send_next() -> None:
        message = next(rest, None)
        sent.put(message.encode() if message else None)

    send_next()
    call, answers = channel.stream_stream("/shop.Orders/Talk")(iter(sent.get, None), timeout=TIMEOUT), []
    try:
        for answer in call:
            answers.append(answer.decode())
            send_next()
    except grpc.RpcError:
        sent.put(None)
    return [*answers, call.code().name, call.details()]


def call_all(channel: Any, messages: list[str]) -> Iterator[object]:
    """Yield what each call brought."""
    yield channel.unary_unary("/shop.Orders/Get")(b"tea", timeout=TIMEOUT).decode()
    yield [one.decode() for one in channel.unary_stream("/shop.Orders/Watch")(b"tea", timeout=TIMEOUT)]
    yield channel.stream_unary("/shop.Orders/Count")(iter([b"a", b"b"]), timeout=TIMEOUT).decode()
    yield talk(channel, messages)
    yield talk(channel, ["enough", "never sent"])


if __name__ == "__main__":
    with grpc.secure_channel(sys.argv[1], grpc.ssl_channel_credentials()) as opened:
        json.dump(list(call_all(opened, sys.argv[2:])), sys.stdout)
