"""Waiting for clients that read slowly, and seeing that one has gone: mitmproxy's layers learn of neither."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mitmproxy.connection import Client
from mitmproxy.proxy import commands


@dataclass
class Recipient:
    """A client that an answer is being sent to piece by piece; `gone`: nothing reaches it any more."""

    client: Client
    gone: bool = False


@dataclass
class ClientReadyHook(commands.StartHook):
    """A layer waits until the client has taken most of what was sent; see `Backpressure`."""

    recipient: Recipient


class Backpressure:
    """The addon that waits for clients. `drain` waits for the one of this id, and raises OSError when it is gone."""

    def __init__(self, drain: Callable[[str], Awaitable[None]]) -> None:
        self._drain = drain

    async def client_ready(self, recipient: Recipient) -> None:
        """Wait; the layer goes on when this is done."""
        try:
            await self._drain(recipient.client.id)
        except OSError:
            recipient.gone = True
