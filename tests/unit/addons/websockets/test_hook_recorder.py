"""Recording the messages of WebSockets by hooks."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from mitmproxy import http
from mitmproxy.websocket import WebSocketData
from mitmproxy.websocket import WebSocketMessage as Passing
from wsproto.frame_protocol import Opcode

from tests.factories.flows import make_flow
from understudy.addons.flow_notes import get_note
from understudy.addons.loop.commits import Commits, report_in_loop
from understudy.addons.loop.slow_store import MAX_PENDING_BYTES
from understudy.addons.websockets.hook_recorder import HookRecorder
from understudy.store.errors import StoreError
from understudy.store.history_writer import ExchangeMessage, HistoryWriter
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage


class Said:
    """Messages in memory behind a writer that runs in this test; `failure` is raised instead of keeping a message."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.kept: list[ExchangeMessage] = []
        self.failure = failure
        self.before: Callable[[], object] = lambda: None
        announce = partial(report_in_loop, asyncio.get_running_loop())
        self.writer = HistoryWriter(lambda _: [], None, self._add, announce=announce)
        self.writer.start()

    def recorder(self) -> HookRecorder:
        return HookRecorder(Commits(self.writer))

    async def settled(self) -> list[WebSocketMessage]:
        """Return what was kept, once the results are in."""
        await asyncio.to_thread(self.writer.stop)
        await asyncio.sleep(0)
        return [message for _, message in self.kept]

    def _add(self, messages: Sequence[ExchangeMessage]) -> None:
        self.before()
        if self.failure:
            raise self.failure
        self.kept += messages


def open_flow(entry: int | None = 7) -> http.HTTPFlow:
    """A WebSocket whose handshake is this entry of history."""
    flow = make_flow()
    flow.websocket = WebSocketData()
    get_note(flow).entry = entry
    return flow


def pass_message(flow: http.HTTPFlow, content: bytes, *, kind: Opcode = Opcode.TEXT, from_client: bool = True) -> None:
    assert flow.websocket
    flow.websocket.messages.append(Passing(kind, from_client, content, 5.0))


@pytest.mark.parametrize(("opcode", "kind"), [(Opcode.TEXT, MessageKind.TEXT), (Opcode.BINARY, MessageKind.BINARY)])
async def test_a_message_is_kept_with_its_kind_side_and_time(opcode: Opcode, kind: MessageKind) -> None:
    said, flow = Said(), open_flow()
    pass_message(flow, b"a", kind=opcode, from_client=False)
    await said.recorder().websocket_message(flow)
    assert await said.settled() == [WebSocketMessage(5.0, False, kind, b"a")]
    assert said.kept[0][0] == 7


async def test_a_websocket_that_is_not_in_history_has_no_messages() -> None:
    said, flow = Said(), open_flow(entry=None)
    pass_message(flow, b"a")
    await said.recorder().websocket_message(flow)
    assert await said.settled() == []


@pytest.mark.parametrize(
    ("code", "reason", "content"),
    [
        (1000, "bye", b"\x03\xe8bye"),
        (1005, None, b""),
        (None, None, b""),
        (1006, None, BROKEN_OFF),
        (4001, "", b"\x0f\xa1"),
    ],
)
async def test_a_close_is_kept_with_its_code_and_reason(code: int | None, reason: str | None, content: bytes) -> None:
    said, flow = Said(), open_flow()
    assert flow.websocket
    flow.websocket.timestamp_end, flow.websocket.closed_by_client = 6.0, True
    flow.websocket.close_code, flow.websocket.close_reason = code, reason
    await said.recorder().websocket_end(flow)
    assert await said.settled() == [WebSocketMessage(6.0, True, MessageKind.CLOSE, content)]


async def test_a_message_that_cannot_be_kept_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Its WebSocket goes on: stock mitmproxy is not ours to close connections of."""
    said, flow = Said(StoreError("disk full")), open_flow()
    pass_message(flow, b"a")
    with caplog.at_level(logging.ERROR):
        await said.recorder().websocket_message(flow)
        await said.settled()
    assert said.writer.lost == 1
    assert "disk full" in caplog.text


@pytest.mark.parametrize(("size", "waits"), [(MAX_PENDING_BYTES // 2, False), (MAX_PENDING_BYTES, True)])
async def test_a_message_waits_while_the_store_is_far_behind(size: int, waits: bool) -> None:
    said, flow, slow = Said(), open_flow(), threading.Event()
    said.before = slow.wait
    pass_message(flow, b"x" * size)
    passes = asyncio.ensure_future(said.recorder().websocket_message(flow))
    await asyncio.sleep(0)
    assert passes.done() is not waits
    slow.set()
    await said.settled()
    await passes
