"""The layer that replays a WebSocket. `Conversation` decides what is sent; there is no upstream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context

from understudy.addons.backpressure import wait_for_client
from understudy.serving.answers.replies import Upgrade
from understudy.serving.steps import Close, Wait
from understudy.serving.websockets.conversation import Conversation
from understudy.store.errors import StoreError
from understudy.store.model.websockets import WebSocketMessage

logger = logging.getLogger(__name__)


@dataclass
class Script:
    """The messages of a recorded WebSocket that a layer waits for; None until they are read, or if they cannot be."""

    exchange_id: int
    messages: Sequence[WebSocketMessage] | None = None


@dataclass
class FetchScriptHook(commands.StartHook):
    """A layer waits for messages from the store; `ScriptFetcher` reads them."""

    script: Script


class ScriptFetcher:
    """The addon that reads messages for layers, in a thread; `read` gets the id of an exchange."""

    def __init__(self, read: Callable[[int], Sequence[WebSocketMessage]]) -> None:
        self._read = read

    async def fetch_script(self, script: Script) -> None:
        """Read the messages; the layer goes on when this is done."""
        try:
            script.messages = await asyncio.to_thread(self._read, script.exchange_id)
        except StoreError as error:
            logger.error("a recorded WebSocket could not be read: %s", error)


class ConversationLayer(layer.Layer):
    """One client's WebSocket, from the response to its handshake on."""

    def __init__(self, context: Context, upgrade: Upgrade) -> None:
        super().__init__(context)
        self._upgrade = upgrade
        self._conversation: Conversation | None = None
        self._waiting: commands.Command | None = None
        self._has_reported = False

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Start):
            yield from self._begin()
        elif self._conversation is None:
            return
        elif isinstance(event, events.DataReceived):
            self._conversation.receive(event.data)
            yield from self._advance(self._conversation)
        elif isinstance(event, events.ConnectionClosed):
            self._conversation.receive(None)
            yield from self._advance(self._conversation)
        elif isinstance(event, events.Wakeup) and event.command is self._waiting:
            yield from self._wake(self._conversation)

    def _begin(self) -> layer.CommandGenerator[None]:
        script = Script(self._upgrade.exchange_id)
        yield FetchScriptHook(script)
        if script.messages is None:
            yield commands.CloseConnection(self.context.client)
            return
        yield commands.SendData(self.context.client, self._upgrade.head)
        upgrade = self._upgrade
        self._conversation = Conversation(
            script.messages, upgrade.began, upgrade.timing, redactor=upgrade.redactor, ignored=upgrade.ignored
        )
        yield from self._advance(self._conversation)

    def _wake(self, conversation: Conversation) -> layer.CommandGenerator[None]:
        is_there = yield from wait_for_client(self.context.client)
        conversation.wake()
        if not is_there:
            conversation.receive(None)
        yield from self._advance(conversation)

    def _advance(self, conversation: Conversation) -> layer.CommandGenerator[None]:
        while (step := conversation.next()) is not None:
            match step:
                case bytes():
                    yield commands.SendData(self.context.client, step)
                case Wait():
                    self._waiting = commands.RequestWakeup(step.seconds)
                    yield self._waiting
                case Close():
                    yield commands.CloseConnection(self.context.client)
        if conversation.divergence is not None and not self._has_reported:
            self._has_reported = True
            self._upgrade.on_divergence(conversation.divergence)
