"""The layer that answers in mock and replay, driven by events as mitmproxy's server sends them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.modes import HttpProxy
from mitmproxy.test.tflow import tclient_conn

from tests.factories.messages import ORIGIN, make_example, make_response
from tests.in_memory.recording_layer import FakeConnections, make_no_timer
from understudy.addons.backpressure import DrainClientHook
from understudy.addons.current import CurrentMode
from understudy.addons.layers.answer_layer import AnswerLayer, BodyFetch, BodyFetcher, FetchBodyHook
from understudy.addons.loop.body_reader import BodyReader
from understudy.addons.loop.client_holds import ClientHolder
from understudy.addons.loop.connections import ClientConnections
from understudy.addons.loop.held_requests import HeldRequests
from understudy.matcher.index import compile_index
from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.reply_cache import get_inline_body
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.failed_exchanges import FAIL_EMPTY, FAIL_UNFINISHED
from understudy.serving.gateway.replay import MissAnswer, Replay
from understudy.serving.gateway.site import ConnectionKind, GatewaySites
from understudy.store.errors import NotFound
from understudy.store.model.collections import Example
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Body, BodyRef, Chunk, Headers, InterimResponse
from understudy.store.model.mock_servers import PLAIN, Behaviour, Delay, Fault, FaultKind
from understudy.store.model.values import replace

GET = b"GET /users/7 HTTP/1.1\r\nHost: gateway\r\n\r\n"
HIT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\nhit"


class SuccessorLayer(layer.Layer):
    """Takes a connection over, and remembers its events."""

    def __init__(self, context: Context, data: bytes) -> None:
        super().__init__(context)
        self.began_with = data
        self.events: list[events.Event] = []

    def _handle_event(self, event: events.Event) -> Iterator[commands.Command]:  # type: ignore[override]
        self.events.append(event)
        yield from ()


def hit(behaviour: Behaviour = PLAIN) -> Example:
    return replace(make_example(response=make_response(body=b"hit")), behaviour=behaviour)


class LayerDriver:
    """Drives a layer, and remembers its commands; a body that it waits for comes at once."""

    def __init__(self, *examples: Example, mode: Mode = Mode.MOCK, body: bytes | None = b"hit") -> None:
        answers = Answers(compile_index(examples))
        self.current = CurrentMode(ActiveMode(mode, answers, answers))
        self.context = Context(tclient_conn(), Options())
        HttpProxy(self.context)
        self.body = body
        self.is_gone = False
        self.successors: list[SuccessorLayer] = []
        kind = ConnectionKind(ORIGIN, is_reverse=True, tunnel=False, tls=False)
        self.held = HeldRequests(make_no_timer, most=1)
        self.connections = FakeConnections()
        self.connections.deliver = self.handle
        holder = ClientHolder(self.held, cast("ClientConnections", self.connections), self.context.client.id)
        self.layer = AnswerLayer(
            self.context, self.current, GatewaySites(get_inline_body), kind, holder, self._hand_over
        )
        self.commands: list[commands.Command] = []
        self.handle(events.Start())

    def _hand_over(self, context: Context, data: bytes) -> SuccessorLayer:
        self.successors.append(SuccessorLayer(context, data))
        return self.successors[-1]

    def handle(self, event: events.Event) -> None:
        for command in self.layer.handle_event(event):
            self.commands.append(command)
            if isinstance(command, FetchBodyHook):
                command.fetch.content = self.body
                self.handle(events.HookCompleted(command, None))
            elif isinstance(command, DrainClientHook):
                command.recipient.is_gone = self.is_gone
                self.handle(events.HookCompleted(command, None))

    def send(self, *pieces: bytes) -> bytes:
        """Send pieces as the client; return the bytes that answer them."""
        self.commands.clear()
        for piece in pieces:
            self.handle(events.DataReceived(self.context.client, piece))
        return b"".join(each.data for each in self.commands if isinstance(each, commands.SendData))

    @property
    def is_closed(self) -> bool:
        return any(isinstance(each, commands.CloseConnection) for each in self.commands)

    def wake(self) -> bytes:
        """Let the time pass that the layer waits for; return the bytes that are sent then."""
        [waiting] = [each for each in self.commands if isinstance(each, commands.RequestWakeup)]
        self.commands.clear()
        self.handle(events.Wakeup(waiting))
        return b"".join(each.data for each in self.commands if isinstance(each, commands.SendData))


@pytest.mark.parametrize("mode", [Mode.MOCK, Mode.REPLAY])
def test_an_example_answers(mode: Mode) -> None:
    assert LayerDriver(hit(), mode=mode).send(GET) == HIT


def test_a_repeated_request_gets_the_same_answer() -> None:
    driver = LayerDriver(hit())
    assert [driver.send(GET) for _ in range(3)] == [HIT] * 3


def test_requests_in_one_piece_and_in_many_are_answered_in_order() -> None:
    assert LayerDriver(hit()).send(GET * 2 + GET[:9], GET[9:]) == HIT * 3


def test_a_body_comes_from_the_store() -> None:
    assert LayerDriver(make_example(response=make_response(body=BodyRef("d1935", 3)))).send(GET) == HIT


def test_a_body_that_cannot_be_read_is_waited_for() -> None:
    driver = LayerDriver(make_example(response=make_response(body=BodyRef("d1935", 3))), body=None)
    assert driver.send(GET) == b""
    driver.body = b"hit"
    assert driver.wake() == HIT


def test_a_delay_holds_up_later_requests() -> None:
    driver = LayerDriver(hit(Behaviour(Delay(50))))
    assert driver.send(GET, GET) == b""
    assert driver.wake() == HIT


def test_a_stream_comes_piece_by_piece() -> None:
    response = replace(make_response(body=b"abc"), chunks=(Chunk(0.1, 2), Chunk(0.2, 1)))
    driver = LayerDriver(make_example(response=response), mode=Mode.REPLAY)
    assert driver.send(GET).endswith(b"Transfer-Encoding: chunked\r\n\r\n")
    assert [driver.wake() for _ in range(2)] == [b"2\r\nab\r\n", b"1\r\nc\r\n0\r\n\r\n"]
    assert driver.send(GET)


HINTS = (InterimResponse(103, Headers.of([("Link", "</a.css>")])), InterimResponse(100))
HINTED = make_example(response=replace(make_response(body=b"hit"), interim=HINTS))


def test_informational_responses_come_first_in_a_replay() -> None:
    """But no 100 Continue, which this client did not expect."""
    driver = LayerDriver(HINTED, mode=Mode.REPLAY)
    assert [driver.send(GET) for _ in range(2)] == [b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + HIT] * 2


def test_others_get_no_informational_response() -> None:
    """Clients of a mock, which may not know them, and clients of HTTP/1.0."""
    assert LayerDriver(HINTED).send(GET) == HIT
    assert (
        LayerDriver(HINTED, mode=Mode.REPLAY).send(b"GET /users/7 HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")
    )


def test_a_client_that_goes_away_ends_a_stream() -> None:
    response = replace(make_response(body=b"abc"), chunks=(Chunk(0.1, 2), Chunk(0.2, 1)))
    driver = LayerDriver(make_example(response=response))
    driver.send(GET)
    driver.is_gone = True
    assert driver.wake() == b""
    assert driver.is_closed


@pytest.mark.parametrize(
    ("answer", "begins", "closed"),
    [(MissAnswer.NOT_FOUND, b"HTTP/1.1 404", False), (MissAnswer.BAD_GATEWAY, b"HTTP/1.1 502", False),
     (MissAnswer.CLOSE, b"", True)],
)  # fmt: skip
def test_a_miss_of_a_replay_is_answered_as_configured(answer: MissAnswer, begins: bytes, closed: bool) -> None:
    driver = LayerDriver(mode=Mode.REPLAY)
    driver.current.active = replace(driver.current.active, replay=Replay(answer))
    assert driver.send(GET)[:12] == begins
    assert driver.is_closed is closed
    assert driver.current.active.replay.tally.misses.total() == 1


def test_a_recorded_failure_breaks_off_after_what_came() -> None:
    driver = LayerDriver(hit(FAIL_UNFINISHED), mode=Mode.REPLAY)
    head, body = HIT.split(b"\r\n\r\n")
    head = head.replace(b"Content-Length: 3", b"Transfer-Encoding: chunked")  # no length was recorded
    assert driver.send(GET) == head + b"\r\n\r\n"
    assert driver.wake() == b"%x\r\n%s\r\n" % (len(body), body)  # and no last chunk
    assert driver.is_closed


def test_a_recorded_failure_comes_in_its_pieces() -> None:
    sized = make_response(body=b"abc", headers={"Content-Length": "10"})
    response = replace(sized, chunks=(Chunk(0.1, 2), Chunk(0.2, 1)))
    driver = LayerDriver(replace(make_example(response=response), behaviour=FAIL_UNFINISHED), mode=Mode.REPLAY)
    assert driver.send(GET).endswith(b"Content-Length: 10\r\n\r\n")
    assert [driver.wake(), driver.wake()] == [b"ab", b"c"]
    assert driver.is_closed


def make_holding(behaviour: Behaviour) -> LayerDriver:
    """Return a replay of a request that its client gave up, after "hit" or without any byte."""
    driver = LayerDriver(hit(behaviour), mode=Mode.REPLAY)
    driver.current.active = replace(driver.current.active, replay=Replay(held=frozenset({hit().id})))
    driver.send(GET)
    if behaviour is FAIL_UNFINISHED:
        assert driver.wake() == b"3\r\nhit\r\n"
    return driver


@pytest.mark.parametrize("behaviour", [FAIL_EMPTY, FAIL_UNFINISHED])
def test_what_the_client_gave_up_is_held_open(behaviour: Behaviour) -> None:
    driver = make_holding(behaviour)
    assert (len(driver.held), driver.is_closed) == (1, False)


@pytest.mark.parametrize("behaviour", [FAIL_EMPTY, FAIL_UNFINISHED])
def test_a_hold_that_is_released_ends_as_it_was_cut(behaviour: Behaviour) -> None:
    driver = make_holding(behaviour)
    driver.commands.clear()
    driver.held.release_all()
    assert b"".join(each.data for each in driver.commands if isinstance(each, commands.SendData)) == b""
    assert driver.is_closed
    assert len(driver.held) == 0


def test_a_client_that_leaves_ends_its_hold() -> None:
    driver = make_holding(FAIL_EMPTY)
    driver.handle(events.ConnectionClosed(driver.context.client))
    assert (len(driver.held), driver.is_closed) == (0, True)


def test_what_comes_during_a_hold_is_not_answered() -> None:
    driver = make_holding(FAIL_EMPTY)
    assert driver.send(GET) == b""
    driver.held.release_all()
    assert driver.send(GET) == b""


def test_what_is_not_held_any_more_ends_at_once() -> None:
    """As with `--hold 0`, and for the 10,001st."""
    driver = LayerDriver(hit(FAIL_EMPTY), mode=Mode.REPLAY)
    driver.held.close()
    driver.current.active = replace(driver.current.active, replay=Replay(held=frozenset({hit().id})))
    driver.send(GET)
    assert (len(driver.held), driver.is_closed) == (0, True)


def test_head_of_what_was_given_up_is_not_held() -> None:
    driver = LayerDriver(hit(FAIL_UNFINISHED), mode=Mode.REPLAY)
    driver.current.active = replace(driver.current.active, replay=Replay(held=frozenset({hit().id})))
    driver.send(GET.replace(b"GET", b"HEAD"))
    assert (len(driver.held), driver.is_closed) == (0, True)


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.EMPTY])
def test_a_fault_that_answers_nothing_closes_the_connection(kind: FaultKind) -> None:
    driver = LayerDriver(hit(Behaviour(fault=Fault(kind))))
    assert driver.send(GET) == b""
    assert driver.is_closed


@pytest.mark.parametrize(
    "data",
    [
        b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_a_request_that_the_layer_cannot_answer_is_handed_over_whole(data: bytes) -> None:
    driver = LayerDriver(hit())
    assert driver.send(data[:4], data[4:]) == b""
    [successor] = driver.successors
    pieces = [each.data for each in successor.events if isinstance(each, events.DataReceived)]
    assert (b"".join(pieces), isinstance(successor.events[0], events.Start)) == (data, True)


def test_later_bytes_go_to_the_other_layer() -> None:
    driver = LayerDriver(hit())
    driver.send(b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n")
    driver.send(b"more")
    assert driver.successors[0].events[-1].data == b"more"  # type: ignore[attr-defined]


def test_a_connection_crosses_a_switch_to_a_live_mode() -> None:
    driver = LayerDriver(hit())
    driver.send(GET)
    driver.current.active = ActiveMode(Mode.RECORD)
    assert driver.send(GET) == b""
    assert driver.successors[0].began_with == GET


def test_a_request_finishes_in_the_mode_it_started_in() -> None:
    driver = LayerDriver(hit())
    head = b"GET /users/7 HTTP/1.1\r\nHost: gateway\r\nContent-Length: 4\r\n\r\n"
    driver.send(head + b"bo")
    driver.current.active = ActiveMode(Mode.RECORD)
    assert driver.send(b"dy") == HIT
    driver.send(GET)
    assert driver.successors


def test_an_edit_answers_the_next_request() -> None:
    driver = LayerDriver(hit())
    driver.send(GET)
    answers = Answers(compile_index([make_example(response=make_response(body=b"new"))]))
    driver.current.active = ActiveMode(Mode.MOCK, answers, answers)
    assert driver.send(GET).endswith(b"new")


def test_a_client_that_leaves_ends_the_connection() -> None:
    driver = LayerDriver(hit())
    driver.handle(events.ConnectionClosed(driver.context.client))
    assert driver.is_closed


async def test_bodies_are_fetched_by_the_addon() -> None:
    fetch = BodyFetch(BodyRef("d1935", 3))
    await BodyFetcher(BodyReader(lambda _: b"hit")).fetch_body(fetch)
    assert fetch.content == b"hit"


async def test_a_body_that_cannot_be_fetched_is_none() -> None:
    def fail(body: Body) -> bytes:
        raise NotFound("gone")

    fetch = BodyFetch(BodyRef("d1935", 3))
    await BodyFetcher(BodyReader(fail)).fetch_body(fetch)
    assert fetch.content is None
