"""Waiting for clients that read slowly, and noticing that one has left: mitmproxy's layers learn of neither."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mitmproxy.connection import Client
from mitmproxy.proxy import commands, layer


@dataclass
class Recipient:
    """A client to which a response is sent piece by piece; `is_gone` is set once nothing reaches it."""

    client: Client
    is_gone: bool = False


@dataclass
class DrainClientHook(commands.StartHook):
    """The hook of a layer that waits for a client; see `wait_for_client` and `Backpressure`."""

    recipient: Recipient


def wait_for_client(client: Client) -> layer.CommandGenerator[bool]:
    """Wait, in a layer, until the client has taken most of what was sent; return whether it is still connected."""
    recipient = Recipient(client)
    yield DrainClientHook(recipient)
    return not recipient.is_gone


class Backpressure:
    """The addon that waits for clients.

    `drain` waits for the client with an id, and raises OSError when that has left.
    """

    def __init__(self, drain: Callable[[str], Awaitable[None]]) -> None:
        self._drain = drain

    async def drain_client(self, recipient: Recipient) -> None:
        """Wait until the client has taken most of what was sent; the layer goes on when this returns."""
        try:
            await self._drain(recipient.client.id)
        except OSError:
            recipient.is_gone = True
