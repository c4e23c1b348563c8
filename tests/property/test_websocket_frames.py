"""Whatever wsproto sends is read as wsproto reads it, cut at any byte; whatever else comes is read or refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import ProtocolError, RemoteProtocolError

from understudy.serving.websockets.extensions import parse_extensions
from understudy.serving.websockets.frame_reader import FrameReader, ReadMessage
from understudy.serving.websockets.inflation import Inflation
from understudy.store.model.messages import Headers
from understudy.store.model.websockets import MessageKind

SENT_CODES = {1000, 4001, CloseReason.NO_STATUS_RCVD}
Said = list[tuple[MessageKind, bytes]]

KINDS = {
    Ping: MessageKind.PING,
    Pong: MessageKind.PONG,
    TextMessage: MessageKind.TEXT,
    BytesMessage: MessageKind.BINARY,
}
CONTENTS = st.one_of(
    st.binary(max_size=200),
    st.builds(lambda part, count: part * count, st.binary(min_size=1, max_size=20), st.integers(0, 400)),
    st.sampled_from([125, 126, 65_535, 65_536]).map(bytes),
)
TEXTS = st.text(max_size=100)
CONTROLS = st.lists(
    st.builds(lambda make, data: make(data), st.sampled_from([Ping, Pong]), st.binary(max_size=125)), max_size=2
)


@dataclass(frozen=True)
class Agreement:
    """What both sides agreed on; `deflate` is the extension of wsproto in either."""

    parameters: dict[str, int | bool] | None

    @property
    def field(self) -> str:
        agreed = {name: value for name, value in (self.parameters or {}).items() if value}
        parts = [name if value is True else f"{name}={value}" for name, value in agreed.items()]
        return "; ".join(["permessage-deflate", *parts])

    def make_connection(self, role: ConnectionType) -> Connection:
        """Return one side, which may send."""
        if self.parameters is None:
            return Connection(role)
        extension = PerMessageDeflate(**self.parameters)  # type: ignore[arg-type]
        extension._enabled = True
        return Connection(role, [extension])

    def make_reader(self, *, of_client: bool) -> FrameReader:
        """Return a reader by what the response's head says."""
        headers = (
            Headers.of({"Sec-WebSocket-Extensions": self.field}.items()) if self.parameters is not None else Headers()
        )
        extensions = parse_extensions(headers)
        keeps_window = extensions.keeps_client_window if of_client else extensions.keeps_server_window
        return FrameReader(Inflation(keeps_window=keeps_window) if extensions.deflates else None)


AGREEMENTS = st.one_of(
    st.just(Agreement(None)),
    st.builds(
        Agreement,
        st.fixed_dictionaries(
            {
                "client_no_context_takeover": st.booleans(),
                "server_no_context_takeover": st.booleans(),
                "client_max_window_bits": st.sampled_from([9, 12, 15]),
                "server_max_window_bits": st.sampled_from([9, 12, 15]),
            }
        ),
    ),
)


@st.composite
def draw_events(draw: st.DrawFn) -> list[Event]:
    """Messages in fragments, with control frames between them, and perhaps a close."""
    events: list[Event] = []
    for _ in range(draw(st.integers(1, 4))):
        is_text, count = draw(st.booleans()), draw(st.integers(1, 3))
        for number in range(count):
            events += draw(CONTROLS)
            is_last = number == count - 1
            if is_text:
                events.append(TextMessage(draw(TEXTS), message_finished=is_last))
            else:
                events.append(BytesMessage(draw(CONTENTS), message_finished=is_last))
    if draw(st.booleans()):
        events.append(CloseConnection(draw(st.sampled_from([1000, 4001])), draw(TEXTS)[:20]))
    return events


@st.composite
def cut(draw: st.DrawFn, wire: bytes) -> list[bytes]:
    """Some bytes in pieces."""
    if len(wire) < 2_000 and draw(st.booleans()):
        return [wire[at : at + 1] for at in range(len(wire))]
    places = sorted(draw(st.lists(st.integers(0, len(wire)), max_size=12)))
    return [wire[start:end] for start, end in zip([0, *places], [*places, len(wire)], strict=True)]


def join(events: list[Event]) -> Iterator[tuple[MessageKind, bytes]]:
    """What events say, with the fragments of each message joined where it ends."""
    content = b""
    for event in events:
        if isinstance(event, Ping | Pong):
            yield KINDS[type(event)], bytes(event.payload)
        elif isinstance(event, TextMessage | BytesMessage):
            content += event.data.encode() if isinstance(event, TextMessage) else bytes(event.data)
            if event.message_finished:
                yield KINDS[type(event)], content
                content = b""
        elif isinstance(event, CloseConnection):
            is_empty = event.code == CloseReason.NO_STATUS_RCVD
            yield MessageKind.CLOSE, b"" if is_empty else event.code.to_bytes(2, "big") + (event.reason or "").encode()


def strip(messages: list[ReadMessage]) -> Said:
    assert not any(message.is_cut for message in messages)
    return [(message.kind, message.content) for message in messages]


@given(agreement=AGREEMENTS, of_client=st.booleans(), events=draw_events(), data=st.data())
def test_all_that_wsproto_sends_is_read(
    agreement: Agreement, of_client: bool, events: list[Event], data: st.DataObject
) -> None:
    sender = agreement.make_connection(ConnectionType.CLIENT if of_client else ConnectionType.SERVER)
    wire = b"".join(sender.send(event) for event in events)
    reader = agreement.make_reader(of_client=of_client)
    read = [message for piece in data.draw(cut(wire)) for message in reader.receive(piece)]
    assert strip(read) == list(join(events))
    assert (reader.is_in_message, reader.held_bytes, reader.problem) == (False, 0, None)


@given(agreement=AGREEMENTS, events=draw_events(), data=st.data())
def test_changed_bytes_are_read_as_wsproto_reads_them_or_refused(
    agreement: Agreement, events: list[Event], data: st.DataObject
) -> None:
    """Where both read all of it, they read the same. Those of a server: the masks of a client are random."""
    sender = agreement.make_connection(ConnectionType.SERVER)
    wire = bytearray(b"".join(sender.send(event) for event in events))
    for place in data.draw(st.lists(st.integers(0, len(wire) - 1), min_size=1, max_size=3)):
        wire[place] = data.draw(st.integers(0, 255))
    expected, is_refused = read_by_wsproto(agreement, bytes(wire))
    reader = agreement.make_reader(of_client=False)
    read: list[ReadMessage] = []
    for piece in data.draw(cut(bytes(wire))):
        read += reader.receive(piece)
    assert is_refused or reader.problem or strip(read) == expected


@given(wire=st.binary(max_size=300), agreement=AGREEMENTS, room=st.integers(0, 50))
def test_no_more_is_held_than_there_is_room_for(wire: bytes, agreement: Agreement, room: int) -> None:
    reader = agreement.make_reader(of_client=True)
    messages = reader.receive(wire, room)
    assert reader.held_bytes <= room
    assert all(len(message.content) <= max(room, 125) for message in messages)


def read_by_wsproto(agreement: Agreement, wire: bytes) -> tuple[Said, bool]:
    """What wsproto reads of a server's bytes, and whether it refuses the rest of them."""
    receiver = agreement.make_connection(ConnectionType.CLIENT)
    events: list[Event] = []
    try:
        receiver.receive_data(wire)
        for event in receiver.events():
            events.append(event)  # noqa: PERF402 - those before an error count
    except (RemoteProtocolError, ProtocolError):
        return list(join(events)), True
    # Its own reports of what it refuses are closes, too; the senders above use neither of these codes.
    is_refused = any(isinstance(event, CloseConnection) and event.code not in SENT_CODES for event in events)
    return list(join(events)), is_refused
