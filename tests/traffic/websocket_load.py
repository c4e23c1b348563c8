"""WebSockets as load on a gateway: clients that never pause, and what of it all has to be in history."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Request, TextMessage

from tests.programs import Understudy
from tests.traffic.http_load import Load
from understudy.store.model.websockets import MessageKind
from understudy.store.repositories.history import HistoryFilter
from understudy.store.sql.open_store import open_store

MESSAGES = 20
Texts = dict[str, list[str]]


@dataclass
class Talks:
    """Clients that open a WebSocket, have some messages echoed, close it, and begin again until a connection breaks.

    `heard` are the messages that came back, by target. `due` are those of them that have to be durable: a message is
    handed to the store before it passes, and the store takes things in their order, so it is kept once an answer to a
    request has come that was sent after it.
    """

    load: Load
    heard: Texts = field(default_factory=dict)
    _heard_at: dict[str, list[int]] = field(default_factory=dict)

    async def client(self) -> None:
        """Talk; returns when the gateway is gone."""
        try:
            while True:
                target = self.load.next_target("talk")
                async with connect(f"ws://127.0.0.1:{self.load.port}{target}", proxy=None, close_timeout=1) as socket:
                    self.load.completed(target, b"")
                    for number in range(MESSAGES):
                        text = said(target, number)
                        await socket.send(text)
                        assert await socket.recv() == text
                        self.heard.setdefault(target, []).append(text)
                        self._heard_at.setdefault(target, []).append(self.load.sent)
        except (OSError, EOFError, WebSocketException):
            return

    @property
    def due(self) -> Texts:
        """What has to be in history."""
        return {
            target: [text for text, at in zip(texts, self._heard_at[target], strict=True) if at < self.load.answered]
            for target, texts in self.heard.items()
        }


def said(target: str, number: int) -> str:
    """What a client says then, and the upstream after it."""
    return f"{target} {number}"


def gaps(due: Texts, kept: Texts) -> list[str]:
    """WebSockets that are not kept as they were: less than what is due, or with a gap."""
    return sorted(
        target
        for target in due.keys() | kept.keys()
        if len(kept.get(target, [])) < 2 * len(due.get(target, []))
        or any(text != said(target, number // 2) for number, text in enumerate(kept.get(target, [])))
    )


def kept_talks(understudy: Understudy) -> Texts:
    """What both sides said, in the order that is kept, by target."""
    store = open_store(str(understudy.store))
    try:
        return {
            one.request.target.decode(): [
                message.content.decode()
                for message in store.history.list_messages(one.id)
                if message.kind is not MessageKind.CLOSE
            ]
            for one in store.history.select(HistoryFilter(status="101"))
        }
    finally:
        store.close()


async def echo_messages(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
    """The upstream's side of a WebSocket that begins with this request."""
    connection, parts = WSConnection(ConnectionType.SERVER), [""]
    connection.receive_data(head)
    while True:
        for event in connection.events():
            for answer in _answers(event, parts):
                writer.write(connection.send(answer))
            if isinstance(event, CloseConnection):
                return
        data = await reader.read(65536)
        if not data:
            return
        connection.receive_data(data)


def _answers(event: Event, parts: list[str]) -> Iterator[Event]:
    match event:
        case Request():
            yield AcceptConnection()
        case TextMessage():
            parts[0] += event.data
            if event.message_finished:
                yield TextMessage(parts[0])
                parts[0] = ""
        case CloseConnection():
            yield event.response()
