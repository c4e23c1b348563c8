"""The layer that answers in mock and replay, driven by events as mitmproxy's server sends them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.modes import HttpProxy
from mitmproxy.test.tflow import tclient_conn

from tests.factories.messages import ORIGIN, make_example, make_response
from understudy.addons.backpressure import DrainClientHook
from understudy.addons.current import CurrentMode
from understudy.addons.layers.answer_layer import AnswerLayer, BodyFetch, BodyFetcher, FetchBodyHook
from understudy.addons.loop.body_reader import BodyReader
from understudy.matcher.index import compile_index
from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.reply_cache import get_inline_body
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.failed_exchanges import FAIL_UNFINISHED
from understudy.serving.gateway.replay import MissAnswer, Replay
from understudy.serving.gateway.site import ConnectionKind, GatewaySites
from understudy.store.errors import NotFound
from understudy.store.model.collections import Example
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Body, BodyRef, Chunk, Headers, InterimResponse
from understudy.store.model.mock_servers import PLAIN, Behaviour, Delay, Fault, FaultKind

GET = b"GET /users/7 HTTP/1.1\r\nHost: gateway\r\n\r\n"
HIT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\nhit"


class Taker(layer.Layer):
    """Takes over; remembers what it is told."""

    def __init__(self, context: Context, data: bytes) -> None:
        super().__init__(context)
        self.began_with = data
        self.told: list[events.Event] = []

    def _handle_event(self, event: events.Event) -> Iterator[commands.Command]:  # type: ignore[override]
        self.told.append(event)
        yield from ()


def hit(behaviour: Behaviour = PLAIN) -> Example:
    return replace(make_example(response=make_response(body=b"hit")), behaviour=behaviour)


class Driven:
    """A layer with what it commands; a body that it wants is given at once."""

    def __init__(self, *examples: Example, mode: Mode = Mode.MOCK, body: bytes | None = b"hit") -> None:
        answers = Answers(compile_index(examples))
        self.current = CurrentMode(ActiveMode(mode, answers, answers))
        self.context = Context(tclient_conn(), Options())
        HttpProxy(self.context)
        self.body = body
        self.gone = False
        self.takers: list[Taker] = []
        kind = ConnectionKind(ORIGIN, is_reverse=True, tunnel=False, tls=False)
        self.layer = AnswerLayer(self.context, self.current, GatewaySites(get_inline_body), kind, self._taken)
        self.commands: list[commands.Command] = []
        self.tell(events.Start())

    def _taken(self, context: Context, data: bytes) -> Taker:
        self.takers.append(Taker(context, data))
        return self.takers[-1]

    def tell(self, event: events.Event) -> None:
        for command in self.layer.handle_event(event):
            self.commands.append(command)
            if isinstance(command, FetchBodyHook):
                command.fetch.content = self.body
                self.tell(events.HookCompleted(command, None))
            elif isinstance(command, DrainClientHook):
                command.recipient.is_gone = self.gone
                self.tell(events.HookCompleted(command, None))

    def send(self, *pieces: bytes) -> bytes:
        """The bytes that answer these pieces."""
        self.commands.clear()
        for piece in pieces:
            self.tell(events.DataReceived(self.context.client, piece))
        return b"".join(each.data for each in self.commands if isinstance(each, commands.SendData))

    @property
    def closed(self) -> bool:
        return any(isinstance(each, commands.CloseConnection) for each in self.commands)

    def wake(self) -> bytes:
        """The bytes that are sent when the time that the layer asked for has come."""
        [waiting] = [each for each in self.commands if isinstance(each, commands.RequestWakeup)]
        self.commands.clear()
        self.tell(events.Wakeup(waiting))
        return b"".join(each.data for each in self.commands if isinstance(each, commands.SendData))


@pytest.mark.parametrize("mode", [Mode.MOCK, Mode.REPLAY])
def test_an_example_answers(mode: Mode) -> None:
    assert Driven(hit(), mode=mode).send(GET) == HIT


def test_a_request_answers_the_same_when_it_is_known() -> None:
    driven = Driven(hit())
    assert [driven.send(GET) for _ in range(3)] == [HIT] * 3


def test_requests_in_one_piece_and_in_many_are_answered_in_order() -> None:
    assert Driven(hit()).send(GET * 2 + GET[:9], GET[9:]) == HIT * 3


def test_a_body_comes_from_the_store() -> None:
    assert Driven(make_example(response=make_response(body=BodyRef("d1935", 3)))).send(GET) == HIT


def test_a_body_that_cannot_be_read_is_waited_for() -> None:
    driven = Driven(make_example(response=make_response(body=BodyRef("d1935", 3))), body=None)
    assert driven.send(GET) == b""
    driven.body = b"hit"
    assert driven.wake() == HIT


def test_a_delay_holds_up_what_comes_behind() -> None:
    driven = Driven(hit(Behaviour(Delay(50))))
    assert driven.send(GET, GET) == b""
    assert driven.wake() == HIT


def test_a_stream_comes_piece_by_piece() -> None:
    response = replace(make_response(body=b"abc"), chunks=(Chunk(0.1, 2), Chunk(0.2, 1)))
    driven = Driven(make_example(response=response), mode=Mode.REPLAY)
    assert driven.send(GET).endswith(b"Transfer-Encoding: chunked\r\n\r\n")
    assert [driven.wake() for _ in range(2)] == [b"2\r\nab\r\n", b"1\r\nc\r\n0\r\n\r\n"]
    assert driven.send(GET)


HINTS = (InterimResponse(103, Headers.of([("Link", "</a.css>")])), InterimResponse(100))
HINTED = make_example(response=replace(make_response(body=b"hit"), interim=HINTS))


def test_informational_responses_come_first_in_a_replay() -> None:
    """But none that a client of ours did not ask for."""
    driven = Driven(HINTED, mode=Mode.REPLAY)
    assert [driven.send(GET) for _ in range(2)] == [b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + HIT] * 2


def test_others_get_no_informational_response() -> None:
    """Clients of a mock, which may not know it, and old clients."""
    assert Driven(HINTED).send(GET) == HIT
    assert Driven(HINTED, mode=Mode.REPLAY).send(b"GET /users/7 HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_client_that_goes_away_ends_a_stream() -> None:
    response = replace(make_response(body=b"abc"), chunks=(Chunk(0.1, 2), Chunk(0.2, 1)))
    driven = Driven(make_example(response=response))
    driven.send(GET)
    driven.gone = True
    assert driven.wake() == b""
    assert driven.closed


@pytest.mark.parametrize(
    ("answer", "begins", "closed"),
    [(MissAnswer.NOT_FOUND, b"HTTP/1.1 404", False), (MissAnswer.BAD_GATEWAY, b"HTTP/1.1 502", False),
     (MissAnswer.CLOSE, b"", True)],
)  # fmt: skip
def test_a_miss_of_a_replay_is_answered_as_asked(answer: MissAnswer, begins: bytes, closed: bool) -> None:
    driven = Driven(mode=Mode.REPLAY)
    driven.current.active = replace(driven.current.active, replay=Replay(answer))
    assert driven.send(GET)[:12] == begins
    assert driven.closed is closed
    assert driven.current.active.replay.tally.misses.total() == 1


def test_a_recorded_failure_breaks_off_after_what_came() -> None:
    driven = Driven(hit(FAIL_UNFINISHED), mode=Mode.REPLAY)
    head, body = HIT.split(b"\r\n\r\n")
    head = head.replace(b"Content-Length: 3", b"Transfer-Encoding: chunked")  # no length was recorded
    assert driven.send(GET) == head + b"\r\n\r\n"
    assert driven.wake() == b"%x\r\n%s\r\n" % (len(body), body)  # and no last chunk
    assert driven.closed


def test_a_recorded_failure_comes_in_its_pieces() -> None:
    sized = make_response(body=b"abc", headers={"Content-Length": "10"})
    response = replace(sized, chunks=(Chunk(0.1, 2), Chunk(0.2, 1)))
    driven = Driven(replace(make_example(response=response), behaviour=FAIL_UNFINISHED), mode=Mode.REPLAY)
    assert driven.send(GET).endswith(b"Content-Length: 10\r\n\r\n")
    assert [driven.wake(), driven.wake()] == [b"ab", b"c"]
    assert driven.closed


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.EMPTY])
def test_a_fault_that_answers_nothing_closes_the_connection(kind: FaultKind) -> None:
    driven = Driven(hit(Behaviour(fault=Fault(kind))))
    assert driven.send(GET) == b""
    assert driven.closed


@pytest.mark.parametrize(
    "data",
    [
        b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"\x00\x01raw",
        b"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_is_not_taken_is_handed_over_whole(data: bytes) -> None:
    driven = Driven(hit())
    assert driven.send(data[:4], data[4:]) == b""
    [taker] = driven.takers
    told = [each.data for each in taker.told if isinstance(each, events.DataReceived)]
    assert (b"".join(told), isinstance(taker.told[0], events.Start)) == (data, True)


def test_what_comes_after_is_the_other_layers() -> None:
    driven = Driven(hit())
    driven.send(b"\x00\x01raw")
    driven.send(b"more")
    assert driven.takers[0].told[-1].data == b"more"  # type: ignore[attr-defined]


def test_a_connection_crosses_a_switch_to_a_live_mode() -> None:
    driven = Driven(hit())
    driven.send(GET)
    driven.current.active = ActiveMode(Mode.RECORD)
    assert driven.send(GET) == b""
    assert driven.takers[0].began_with == GET


def test_a_request_finishes_in_the_mode_it_started_in() -> None:
    driven = Driven(hit())
    head = b"GET /users/7 HTTP/1.1\r\nHost: gateway\r\nContent-Length: 4\r\n\r\n"
    driven.send(head + b"bo")
    driven.current.active = ActiveMode(Mode.RECORD)
    assert driven.send(b"dy") == HIT
    driven.send(GET)
    assert driven.takers


def test_an_edit_answers_the_next_request() -> None:
    driven = Driven(hit())
    driven.send(GET)
    answers = Answers(compile_index([make_example(response=make_response(body=b"new"))]))
    driven.current.active = ActiveMode(Mode.MOCK, answers, answers)
    assert driven.send(GET).endswith(b"new")


def test_a_client_that_leaves_ends_the_connection() -> None:
    driven = Driven(hit())
    driven.tell(events.ConnectionClosed(driven.context.client))
    assert driven.closed


async def test_bodies_are_fetched_by_the_addon() -> None:
    wanted = BodyFetch(BodyRef("d1935", 3))
    await BodyFetcher(BodyReader(lambda _: b"hit")).fetch_body(wanted)
    assert wanted.content == b"hit"


async def test_a_body_that_is_gone_is_none() -> None:
    def gone(body: Body) -> bytes:
        raise NotFound("gone")

    wanted = BodyFetch(BodyRef("d1935", 3))
    await BodyFetcher(BodyReader(gone)).fetch_body(wanted)
    assert wanted.content is None
