"""Waiting for clients that read slowly, and noticing that one has left: mitmproxy's layers learn of neither."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mitmproxy.connection import Client
from mitmproxy.proxy import commands, layer

from understudy.addons.loop.turns import Turns


@dataclass
class Recipient:
    """A client that a response is sent to piece by piece, the next of `size` bytes, if that is known.

    `is_gone` is set once nothing reaches it.
    """

    client: Client
    size: int = 0
    is_gone: bool = False


@dataclass
class DrainClientHook(commands.StartHook):
    """The hook of a layer that waits for a client; see `wait_for_client` and `Backpressure`."""

    recipient: Recipient


def wait_for_client(client: Client, size: int = 0) -> layer.CommandGenerator[bool]:
    """Wait, in a layer, until the client has taken most of what was sent; return whether it is still connected.

    With a `size`, wait also for a turn in which so many bytes can be sent.
    """
    recipient = Recipient(client, size)
    yield DrainClientHook(recipient)
    return not recipient.is_gone


class Backpressure:
    """The addon that waits for clients, and for turns.

    `drain` waits for the client with an id, and raises OSError when that has left.
    """

    def __init__(self, drain: Callable[[str], Awaitable[None]], turns: Turns | None = None) -> None:
        self._drain = drain
        self._turns = turns

    async def drain_client(self, recipient: Recipient) -> None:
        """Wait until the client has taken most of what was sent; the layer goes on when this returns."""
        try:
            await self._drain(recipient.client.id)
            if self._turns is not None and recipient.size:
                await self._turns.wait(recipient.size)
        except OSError:
            recipient.is_gone = True
