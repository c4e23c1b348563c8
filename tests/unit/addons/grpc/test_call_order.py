"""The order of a gRPC call's messages while it is recorded."""

from __future__ import annotations

import pytest

from understudy.addons.grpc import call_order
from understudy.addons.grpc.call_order import CallOrder
from understudy.addons.loop.body_tap import BodyTap
from understudy.addons.loop.commits import Commits
from understudy.serving.http1.body_recorder import BodyLimits
from understudy.store.grpc.framing import frame_message
from understudy.store.history_writer import HistoryWriter
from understudy.store.model.websockets import MessageKind


def make_tap(max_size: int | None = None) -> BodyTap:
    return BodyTap(Commits(HistoryWriter(lambda _: [])), BodyLimits(max_size=max_size), 0.0)


def describe(order: CallOrder) -> list[str]:
    return [
        "end" if one.kind is MessageKind.CLOSE else "client" if one.from_client else "server"
        for one in order.to_messages()
    ]


def test_messages_are_noted_when_they_end() -> None:
    order, message = CallOrder(), frame_message(b"tea")
    client, server = order.watch(make_tap(), from_client=True), order.watch(make_tap(), from_client=False)
    client(message[:4])
    server(message + message)
    client(message[4:])
    order.end_client()
    assert describe(order) == ["server", "server", "client", "end"]


def test_what_passes_is_unchanged_and_recorded() -> None:
    tap = make_tap()
    assert CallOrder().watch(tap, from_client=True)(b"tea") == b"tea"
    assert tap.body.to_body() == b"tea"


def test_each_side_has_a_limit_of_its_own() -> None:
    order, message = CallOrder(), frame_message(b"tea")
    client, server = order.watch(make_tap(8), from_client=True), order.watch(make_tap(16), from_client=False)
    for side in (client, server, client, server):
        side(message)
    assert describe(order) == ["client", "server", "server"]


def test_an_endless_call_is_noted_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_order, "MOST_MESSAGES", 2)
    order = CallOrder()
    server = order.watch(make_tap(), from_client=False)
    server(frame_message(b"tea") * 2)
    assert order.describe_degradation() == ""
    server(frame_message(b"tea"))
    assert describe(order) == ["server", "server"]
    assert order.describe_degradation() == "the order of the messages was cut after 2"
