"""The messages of a WebSocket that passes: what is kept of them, and what is noted about the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mitmproxy.connection import Connection
from mitmproxy.test import tflow

from understudy.addons.loop.reading_gate import PauseReason
from understudy.addons.loop.slow_store import MAX_PENDING_BYTES
from understudy.addons.websockets import message_keeper
from understudy.addons.websockets.message_keeper import MAX_HELD_BYTES, SMALL_MESSAGE_BYTES, MessageKeeper
from understudy.addons.websockets.message_tap import MAX_REASONS, MessageTap
from understudy.serving.websockets import frame_reader
from understudy.serving.websockets.frame_reader import MAX_MESSAGE_BYTES
from understudy.store.errors import StoreError
from understudy.store.history_writer import CommitResult, WorkItem
from understudy.store.model.exchanges import Degradation
from understudy.store.model.gateways import OnLoss
from understudy.store.model.messages import Headers
from understudy.store.model.websockets import BROKEN_OFF, MessageKind, WebSocketMessage

CLIENT, SERVER = tflow.tclient_conn(), tflow.tserver_conn()
TEXT, BINARY, CLOSE, PING = 0x81, 0x82, 0x88, 0x89
GARBAGE = b"\xff\xff"


class Kept:
    """Takes the place of `Commits` and of what pauses connections; `settle` ends the commits."""

    def __init__(self) -> None:
        self.items: list[WorkItem] = []
        self.waiting: list[Callable[[CommitResult], None]] = []
        self.paused: set[Connection] = set()
        self.hung_up: list[str] = []
        self.lost = 0

    def submit(self, item: WorkItem, done: Callable[[CommitResult], None]) -> None:
        self.items.append(item)
        self.waiting.append(done)

    def count_loss(self) -> None:
        self.lost += 1

    def pause_reading(self, client_id: str, connection: Connection, reason: PauseReason) -> None:
        assert (client_id, reason) == (CLIENT.id, PauseReason.MESSAGES)
        self.paused.add(connection)

    def resume_reading(self, client_id: str, connection: Connection, reason: PauseReason) -> None:
        assert (client_id, reason) == (CLIENT.id, PauseReason.MESSAGES)
        self.paused.discard(connection)

    def settle(self, result: CommitResult = 0) -> None:
        waiting, self.waiting = self.waiting, []
        for done in waiting:
            done(result)

    def keeper(self, on_loss: OnLoss = OnLoss.STOP) -> MessageKeeper:
        return MessageKeeper(self, self.hung_up.append, on_loss, self)  # type: ignore[arg-type]  # in place of Commits

    @property
    def messages(self) -> list[tuple[bool, MessageKind, bytes]]:
        found = [item[1] for item in self.items if isinstance(item, tuple)]
        assert all(isinstance(one, WebSocketMessage) for one in found)
        return [(one.from_client, one.kind, one.content) for one in found]

    @property
    def reasons(self) -> list[str]:
        return [item.reason for item in self.items if isinstance(item, Degradation)]


def make_tap(keeper: MessageKeeper, extensions: str = "") -> MessageTap:
    fields = [("Sec-WebSocket-Extensions", extensions)] if extensions else []
    return MessageTap(keeper, 7, CLIENT, SERVER, Headers.of(fields))


def encode_frame(first: int, payload: bytes) -> bytes:
    return bytes((first, 127)) + len(payload).to_bytes(8, "big") + payload


def encode_control(first: int, payload: bytes) -> bytes:
    return bytes((first, len(payload))) + payload


def test_messages_of_both_sides_are_kept_in_their_order() -> None:
    """Without pings; of two closes the first one, and what still comes after it."""
    kept = Kept()
    tap = make_tap(kept.keeper())
    tap.take(encode_frame(TEXT, b"a") + encode_control(PING, b""), from_client=True)
    tap.take(encode_control(CLOSE, b"\x03\xe8"), from_client=True)
    tap.take(encode_frame(BINARY, b"late") + encode_control(CLOSE, b"\x03\xe9"), from_client=False)
    tap.end(by_client=False)
    assert kept.messages == [
        (True, MessageKind.TEXT, b"a"),
        (True, MessageKind.CLOSE, b"\x03\xe8"),
        (False, MessageKind.BINARY, b"late"),
    ]
    assert kept.reasons == []


@pytest.mark.parametrize("by_client", [True, False])
def test_an_end_without_a_close_is_kept(by_client: bool) -> None:
    kept = Kept()
    make_tap(kept.keeper()).end(by_client=by_client)
    assert kept.messages == [(by_client, MessageKind.CLOSE, BROKEN_OFF)]


def test_after_bytes_that_are_no_frames_only_the_other_side_is_read() -> None:
    kept = Kept()
    tap = make_tap(kept.keeper())
    tap.take(encode_frame(TEXT, b"a") + GARBAGE, from_client=True)
    tap.take(encode_frame(TEXT, b"not read"), from_client=True)
    tap.take(encode_frame(TEXT, b"b"), from_client=False)
    assert [content for *_, content in kept.messages] == [b"a", b"b"]
    [reason] = kept.reasons
    assert reason.startswith("message 2 of the client and later ones are not kept: ")


def test_an_unknown_extension_is_a_reason_to_read_nothing() -> None:
    kept = Kept()
    tap = make_tap(kept.keeper(), "x-other")
    tap.take(encode_frame(TEXT, b"a"), from_client=True)
    assert kept.messages == []
    assert kept.reasons == ["its messages are not kept: the WebSocket extension 'x-other' is not known"]


def test_a_cut_message_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_keeper, "MAX_MESSAGE_BYTES", 10)
    kept = Kept()
    make_tap(kept.keeper()).take(encode_frame(BINARY, bytes(11)), from_client=False)
    assert kept.messages == [(False, MessageKind.BINARY, bytes(10))]
    assert kept.reasons == ["message 1 of the server was cut after 10 bytes"]


def test_few_reasons_are_noted_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_keeper, "MAX_MESSAGE_BYTES", 10)
    kept = Kept()
    make_tap(kept.keeper()).take(encode_frame(BINARY, bytes(11)) * 100, from_client=False)
    assert (len(kept.messages), len(kept.reasons)) == (100, MAX_REASONS)


def test_a_message_that_was_not_complete_is_noted() -> None:
    kept = Kept()
    tap = make_tap(kept.keeper())
    tap.take(encode_frame(BINARY, b"whole")[:-1], from_client=False)
    tap.end(by_client=False)
    assert kept.reasons == ["the last message of the server was incomplete and is not kept"]


def test_an_error_of_ours_is_counted_and_the_bytes_are_not_its_business(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(frame_reader.FrameReader, "receive", fail)
    kept = Kept()
    make_tap(kept.keeper()).take(b"a", from_client=True)
    assert (kept.lost, kept.hung_up, len(kept.reasons)) == (1, [CLIENT.id], 1)


@pytest.mark.parametrize(("on_loss", "ends"), [(OnLoss.STOP, True), (OnLoss.CONTINUE, False)])
def test_a_websocket_that_cannot_be_kept_ends_or_goes_on(on_loss: OnLoss, ends: bool) -> None:
    kept = Kept()
    make_tap(kept.keeper(on_loss)).take(encode_frame(TEXT, b"a"), from_client=True)
    kept.settle(StoreError("disk full"))
    assert kept.hung_up == ([CLIENT.id] if ends else [])


def test_a_sender_that_is_faster_than_the_store_waits() -> None:
    kept = Kept()
    tap = make_tap(kept.keeper())
    tap.take(encode_frame(BINARY, bytes(MAX_PENDING_BYTES)), from_client=False)
    assert kept.paused == {SERVER}
    tap.take(encode_frame(TEXT, b"a"), from_client=True)
    assert kept.paused == {SERVER, CLIENT}
    kept.settle()
    assert kept.paused == set()


def test_messages_under_way_count_as_soon_as_others_wait_for_the_store() -> None:
    """Alone they pause nobody: they wait for their sender."""
    kept = Kept()
    tap = make_tap(kept.keeper())
    tap.take(encode_frame(BINARY, bytes(MAX_PENDING_BYTES + 1))[:-1], from_client=False)
    assert kept.paused == set()
    tap.take(encode_frame(TEXT, b"a"), from_client=True)
    assert kept.paused == {CLIENT}


def test_there_is_less_room_while_much_is_under_way() -> None:
    keeper = Kept().keeper()
    assert keeper.room == MAX_MESSAGE_BYTES
    keeper.note_held(MAX_HELD_BYTES)
    assert keeper.room == SMALL_MESSAGE_BYTES


def test_what_is_under_way_is_held_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_keeper, "MAX_HELD_BYTES", 10)
    keeper = Kept().keeper()
    tap = make_tap(keeper)
    tap.take(encode_frame(BINARY, bytes(20))[:-1], from_client=False)
    assert keeper.room == SMALL_MESSAGE_BYTES
    tap.take(GARBAGE, from_client=True)
    tap.end(by_client=True)
    assert keeper.room == MAX_MESSAGE_BYTES
