"""The order of what both sides sent, from the recorded bodies."""

from __future__ import annotations

import gzip
from collections.abc import Sequence

import pytest

from understudy.serving.grpc.script import Ending, TurnKind, build_script, restore_messages
from understudy.store.grpc.framing import frame_message
from understudy.store.model.exchanges import CLIENT_LEFT, Exchange, Timings
from understudy.store.model.messages import Chunk, Headers, Request, Response
from understudy.store.model.values import replace
from understudy.store.model.websockets import MessageKind, WebSocketMessage

GRPC = Headers.of([("content-type", "application/grpc")])


def frame(*contents: bytes) -> bytes:
    return b"".join(map(frame_message, contents))


def make_call(
    asked: bytes, answered: bytes, *, error: str | None = None, headers: Headers = GRPC, chunks: Sequence[Chunk] = ()
) -> Exchange:
    """A call that began at 10, whose head came at 12 and whose end at 20."""
    request = Request("POST", b"/shop.Orders/Talk", headers, asked, http_version="HTTP/2.0")
    response = Response(200, GRPC, answered, http_version="HTTP/2.0", chunks=tuple(chunks))
    return Exchange("s", request, response, Timings(10.0, 11.0, 12.0, 20.0), error)


def order(*sides: str) -> list[WebSocketMessage]:
    """Messages of c(lient) and s(erver), and the client's e(nd), a second apart from 11 on."""
    return [
        WebSocketMessage(11.0 + number, side != "s", MessageKind.CLOSE if side == "e" else MessageKind.GRPC)
        for number, side in enumerate(sides)
    ]


def describe(exchange: Exchange, messages: Sequence[WebSocketMessage]) -> list[tuple[str, bytes]]:
    return [
        (f"{'client' if turn.from_client else 'server'} {turn.kind.name}", turn.content)
        for turn in build_script(exchange, messages).turns
    ]


def test_messages_come_from_the_bodies_in_recorded_order() -> None:
    assert describe(make_call(frame(b"a", b"b"), frame(b"A", b"B")), order(*"cscse")) == [
        ("client MESSAGE", b"a"),
        ("server HEAD", b""),
        ("server MESSAGE", frame(b"A")),
        ("client MESSAGE", b"b"),
        ("server MESSAGE", frame(b"B")),
        ("client END", b""),
        ("server END", b""),
    ]


def test_a_head_before_the_first_message_stays_there() -> None:
    late = [WebSocketMessage(15.0, True, MessageKind.GRPC), WebSocketMessage(16.0, False, MessageKind.GRPC)]
    kinds = [kind for kind, _ in describe(make_call(frame(b"a"), frame(b"A")), late)]
    assert kinds == ["server HEAD", "client MESSAGE", "server MESSAGE", "server END"]


def test_a_call_without_an_order_answers_when_the_client_has_sent_all() -> None:
    call = make_call(frame(b"a", b"b"), frame(b"A", b"B"), chunks=(Chunk(0.0, 6), Chunk(3.0, 6)))
    script = build_script(call, [])
    kinds = [(turn.from_client, turn.kind) for turn in script.turns]
    client, server = (True, TurnKind.MESSAGE), (False, TurnKind.MESSAGE)
    assert kinds == [
        client,
        client,
        (True, TurnKind.END),
        (False, TurnKind.HEAD),
        server,
        server,
        (False, TurnKind.END),
    ]
    assert [turn.at for turn in script.turns[4:6]] == [12.0, 15.0]


def test_a_call_that_ended_before_its_first_message_waits_for_none() -> None:
    early = replace(make_call(b"", b""), timings=Timings(10.0, None, 12.0, 12.0))
    assert describe(early, []) == [("server HEAD", b""), ("server END", b"")]


def test_compressed_messages_of_the_client_are_decoded() -> None:
    headers = Headers((*GRPC.fields, (b"grpc-encoding", b"gzip")))
    call = make_call(frame_message(gzip.compress(b"a"), 1), b"", headers=headers)
    assert describe(call, order("c"))[0] == ("client MESSAGE", b"a")


def test_a_message_that_was_cut_off_is_sent_as_far_as_it_came() -> None:
    call = make_call(frame(b"a"), frame(b"A") + b"\x00\x00", error="reset by the upstream")
    assert ("server MESSAGE", b"\x00\x00") in describe(call, order(*"cs"))


@pytest.mark.parametrize(
    ("error", "ending"),
    [(None, Ending.TRAILERS), (CLIENT_LEFT, Ending.OPEN), ("reset by the upstream", Ending.RESET)],
)
def test_a_call_ends_as_it_ended(error: str | None, ending: Ending) -> None:
    assert build_script(make_call(frame(b"a"), b"", error=error), order("c")).ending is ending


def test_messages_are_restored_for_display() -> None:
    restored = restore_messages(make_call(frame(b"a"), frame(b"A")), order(*"cse"))
    assert [(one.from_client, one.content) for one in restored] == [(True, b"a"), (False, b"A"), (True, b"")]
