"""The layer that replays a WebSocket: mitmproxy moves the bytes, `conversation` decides. It has no upstream."""

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
    """The messages of a recorded WebSocket that a layer waits for; None if they cannot be read."""

    exchange_id: int
    messages: Sequence[WebSocketMessage] | None = None


@dataclass
class FetchScriptHook(commands.StartHook):
    """A layer needs messages from the store; see `ScriptFetcher`."""

    script: Script


class ScriptFetcher:
    """The addon that reads messages for layers, in a thread. `read` is `History.messages`."""

    def __init__(self, read: Callable[[int], Sequence[WebSocketMessage]]) -> None:
        self._read = read

    async def fetch_script(self, script: Script) -> None:
        """Read them; the layer goes on when this is done."""
        try:
            script.messages = await asyncio.to_thread(self._read, script.exchange_id)
        except StoreError as error:
            logger.error("a recorded WebSocket could not be read: %s", error)


class ConversationLayer(layer.Layer):
    """One client's WebSocket, beginning with the answer to its handshake."""

    def __init__(self, context: Context, speak: Upgrade) -> None:
        super().__init__(context)
        self._speak = speak
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
        script = Script(self._speak.exchange_id)
        yield FetchScriptHook(script)
        if script.messages is None:
            yield commands.CloseConnection(self.context.client)
            return
        yield commands.SendData(self.context.client, self._speak.head)
        speak = self._speak
        self._conversation = Conversation(script.messages, speak.began, speak.timing, redactor=speak.redactor)
        yield from self._advance(self._conversation)

    def _wake(self, conversation: Conversation) -> layer.CommandGenerator[None]:
        takes = yield from wait_for_client(self.context.client)
        conversation.wake()
        if not takes:
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
            self._speak.on_divergence(conversation.divergence)
