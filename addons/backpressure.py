"""Waiting for clients that read slowly, and seeing that one has gone: mitmproxy's layers learn of neither."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mitmproxy.connection import Client
from mitmproxy.proxy import commands, layer


@dataclass
class Recipient:
    """A client that an answer is being sent to piece by piece; `gone`: nothing reaches it any more."""

    client: Client
    is_gone: bool = False


@dataclass
class DrainClientHook(commands.StartHook):
    """A layer waits for a client; see `client_takes` and `Backpressure`."""

    recipient: Recipient


def wait_for_client(client: Client) -> layer.CommandGenerator[bool]:
    """For a layer: wait until the client has taken most of what was sent; returns whether it is still there."""
    recipient = Recipient(client)
    yield DrainClientHook(recipient)
    return not recipient.is_gone


class Backpressure:
    """The addon that waits for clients. `drain` waits for the one of this id, and raises OSError when it is gone."""

    def __init__(self, drain: Callable[[str], Awaitable[None]]) -> None:
        self._drain = drain

    async def drain_client(self, recipient: Recipient) -> None:
        """Wait; the layer goes on when this is done."""
        try:
            await self._drain(recipient.client.id)
        except OSError:
            recipient.is_gone = True
