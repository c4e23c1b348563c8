"""The asyncio side of a connection, with a transport that records calls: pace, limits of time, and ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.factories.messages import ORIGIN, make_example, make_response
from tests.in_memory.mock_servers import GET, HIT, HOST, Logged, at_root, hit, make_mock, make_served
from understudy.matcher.index import compile_index
from understudy.proxy.mock_server.connection import MockConnection
from understudy.proxy.mock_server.open_connections import OpenConnections
from understudy.proxy.testing.session import SessionSite
from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.reply_cache import get_inline_body
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.failed_exchanges import FAIL_EMPTY
from understudy.serving.gateway.replay import Replay
from understudy.serving.gateway.site import ConnectionKind
from understudy.serving.http1.limits import Limits
from understudy.serving.http1.waits import LINGER_SECONDS, LONGEST_LINGER_SECONDS
from understudy.serving.mock_server.directory import Directory
from understudy.serving.mock_server.site import MockSite
from understudy.serving.site_protocol import Site
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Body, BodyRef
from understudy.store.model.mock_servers import Behaviour, Delay, Fault, FaultKind
from understudy.store.model.values import replace

LIMITS = Limits(head_seconds=10, body_seconds=20, idle_seconds=40, write_seconds=30)
BODY = b"POST /users/7 HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\n"
CLOSING = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
SLOW = Behaviour(Delay(1))


class Socket:
    """A socket that records its options."""

    def __init__(self) -> None:
        self.options: list[tuple[int, int]] = []

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        self.options.append((level, option))


class Transport(asyncio.Transport):
    """A transport that records calls; after `full` bytes its client reads no more."""

    def __init__(self, protocol: MockConnection, *, tls: bool, full: float) -> None:
        super().__init__()
        self.protocol = protocol
        self.tls = tls
        self.full = full
        self.sent = b""
        self.unsent = 0
        self.done: list[str] = []
        self.raw = Socket()

    def write(self, data: Any) -> None:
        self.sent += data
        if len(self.sent) > self.full and not self.unsent:
            self.unsent = len(data)
            self.protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def can_write_eof(self) -> bool:
        return not self.tls

    def write_eof(self) -> None:
        self.done.append("eof")

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def is_closing(self) -> bool:
        return bool({"close", "abort"} & set(self.done))

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.raw if name == "socket" else default


class Line:
    """A connection of a mock server, with a clock that a test moves."""

    def __init__(
        self,
        site: Site | None = None,
        read: Callable[[Body], bytes] = lambda _: HIT,
        *,
        tls: bool = False,
        full: float = float("inf"),
        rate: int = 0,
    ) -> None:
        async def reading(body: Body, position: int | None) -> bytes:
            return read(body)

        self.seconds = 0.0
        self.all = OpenConnections(
            site or at_root(make_served()), replace(LIMITS, body_rate=rate), reading, clock=lambda: self.seconds
        )
        self.connection = MockConnection(self.all)
        self.transport = Transport(self.connection, tls=tls, full=full)
        self.connection.connection_made(self.transport)

    @property
    def done(self) -> list[str]:
        """The calls of the transport without pauses of reading."""
        return [one for one in self.transport.done if one not in ("pause", "resume")]

    def ask(self, *pieces: bytes) -> int:
        """Send data, and return the number of answers so far."""
        for piece in pieces:
            self.connection.data_received(piece)
        return self.transport.sent.count(b"HTTP/1.1 ")

    def passes(self, seconds: int) -> None:
        for _ in range(seconds):
            self.all.tick()
            self.seconds += 1
        self.all.tick()


def slow(behaviour: Behaviour = SLOW) -> MockSite:
    return at_root(make_served(mock=make_mock(behaviour=behaviour)))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def holding() -> Line:
    """A connection of a test's session, on which a request is held that its client gave up."""
    example = replace(make_example("/users/7"), behaviour=FAIL_EMPTY)
    answers = Answers(compile_index([example]))
    active = ActiveMode(Mode.REPLAY, answers, answers, replay=Replay(held=frozenset({example.id})))
    kind = ConnectionKind(ORIGIN, is_reverse=True, tunnel=False, tls=False)
    line = Line(SessionSite(active, kind, get_inline_body, Logged()))
    line.ask(GET)
    return line


async def test_a_held_request_waits_longer_than_any_limit() -> None:
    line = holding()
    line.passes(100)
    assert (line.done, len(line.all.held)) == ([], 1)


async def test_a_client_that_leaves_ends_its_hold() -> None:
    line = holding()
    line.connection.eof_received()
    assert (line.done, len(line.all.held)) == (["close"], 0)


async def test_a_connection_that_is_lost_is_held_no_longer() -> None:
    line = holding()
    line.connection.connection_lost(None)
    assert len(line.all.held) == 0


async def test_the_end_of_the_session_ends_its_holds() -> None:
    line = holding()
    line.all.end()
    assert (line.done, len(line.all.held)) == (["close"], 0)


async def test_what_comes_during_a_hold_is_not_answered() -> None:
    line = holding()
    assert line.ask(GET) == 0
    line.all.end()
    assert line.transport.sent == b""


# Answers


async def test_known_and_unknown_requests_are_answered_alike() -> None:
    line = Line()
    line.ask(GET, GET, GET)
    first, second, third = line.transport.sent.split(b"HTTP/1.1 ")[1:]
    assert first == second == third


async def test_known_requests_are_counted_and_logged_too() -> None:
    log = Logged()
    served = make_served()
    Line(at_root(served, log)).ask(GET, GET)
    assert [reply.server for _, reply in log.calls] == [served, served]
    assert served.calls.calls == 2  # type: ignore[attr-defined]


async def test_a_new_site_answers_the_next_request() -> None:
    line = Line()
    line.ask(GET, GET)
    line.all.set_site(at_root(make_served(replace(hit(), response=make_response(body=b"new")))))
    line.ask(GET)
    assert line.transport.sent.endswith(b"new")


async def test_a_body_is_fetched() -> None:
    line = Line(at_root(make_served(make_example("/users/7", response=make_response(body=BodyRef("d1935", 3))))))
    line.ask(GET)
    await until(lambda: line.transport.sent.endswith(HIT))


async def test_a_body_that_cannot_be_read_is_read_again_for_the_next_request() -> None:
    tries: list[Body] = []

    def read(body: Body) -> bytes:
        tries.append(body)
        if len(tries) < 3:
            raise OSError("busy")
        return HIT

    line = Line(at_root(make_served(make_example("/users/7", response=make_response(body=BodyRef("d1935", 3))))), read)
    line.ask(GET)
    await until(lambda: line.transport.sent.endswith(HIT))


@pytest.mark.parametrize("known", [False, True])
async def test_a_delay_holds_up_the_requests_behind_it(known: bool) -> None:
    line = Line(slow())
    if known:
        line.ask(GET)
        await until(lambda: line.ask() == 1)
    before = line.ask()
    assert line.ask(GET, GET) == before
    assert line.transport.done[-1] == "pause"
    await until(lambda: line.ask() == before + 2)
    assert line.transport.done[-1] == "resume"


# Clients that do not read


async def test_a_client_that_does_not_read_gets_no_more_answers() -> None:
    line = Line(full=100)
    assert line.ask(GET * 50) < 50
    assert line.transport.done == ["pause"]


async def test_answers_continue_when_the_client_reads_again() -> None:
    line = Line(full=100)
    line.ask(GET * 50)
    line.transport.unsent, line.transport.full = 0, float("inf")
    line.connection.resume_writing()
    assert (line.ask(), line.transport.done[-1]) == (50, "resume")


async def test_a_client_that_reads_nothing_is_cut_off() -> None:
    line = Line(full=100)
    line.ask(GET * 50)
    line.passes(30)
    assert line.done == []
    line.passes(1)
    assert line.done == ["abort"]


async def test_a_client_that_reads_slowly_is_not_cut_off() -> None:
    line = Line(full=100)
    line.ask(GET * 50)
    for _ in range(100):
        line.passes(1)
        line.transport.unsent -= 1
    assert line.done == []


async def test_a_client_that_does_not_read_the_last_bytes_is_cut_off() -> None:
    """So few that writing was not paused."""
    line = Line()
    line.ask(GET)
    line.transport.unsent = 5
    line.passes(31)
    assert line.done == ["abort"]


async def test_a_connection_that_does_not_close_is_cut_off() -> None:
    line = Line(tls=True)
    line.ask(CLOSING)
    line.passes(31)
    assert line.done[:2] == ["close", "abort"]


# Limits of time


@pytest.mark.parametrize("data", [b"", GET])
async def test_an_idle_connection_is_closed(data: bytes) -> None:
    line = Line()
    line.ask(data)
    line.passes(40)
    assert line.done == []
    line.passes(1)
    assert line.done == ["close"]


@pytest.mark.parametrize(
    ("data", "seconds"), [(GET[:9], 10), (b"\r\n", 10), (GET + GET[:9], 10), (BODY, 20), (GET + BODY + b"a", 20)]
)
async def test_a_request_that_stalls_is_refused(data: bytes, seconds: int) -> None:
    line = Line()
    line.ask(data)
    line.passes(seconds)
    assert line.done == []
    line.passes(1)
    assert (line.transport.sent.count(b"HTTP/1.1 408 "), line.done) == (1, ["eof"])


async def test_the_limit_of_a_head_is_for_the_whole_head() -> None:
    line = Line()
    for place in range(11):
        line.ask(GET[place : place + 1])
        line.passes(1)
    assert (line.transport.sent.count(b"HTTP/1.1 408 "), line.done[:1]) == (1, ["eof"])


async def test_a_body_that_comes_too_slowly_is_refused() -> None:
    """20 seconds, and one more for each two bytes."""
    line = Line(rate=2)
    line.ask(BODY)
    for _ in range(5):
        line.passes(4)
        line.ask(b"x")
    line.passes(2)
    assert line.done == []
    line.passes(2)
    assert (line.transport.sent.count(b"HTTP/1.1 408 "), line.done[:1]) == (1, ["eof"])


async def test_the_limit_of_a_body_is_for_each_piece() -> None:
    line = Line()
    line.ask(BODY)
    for _ in range(9):
        line.passes(19)
        line.ask(b"x")
    assert line.done == []


async def test_a_head_that_starts_with_the_end_of_a_body_has_its_full_time() -> None:
    line = Line()
    line.ask(BODY)
    line.passes(15)
    line.ask(b"0123456789" + GET[:9])
    line.passes(10)
    assert line.done == []


async def test_a_head_that_starts_with_the_end_of_another_has_its_full_time() -> None:
    line = Line()
    line.ask(GET[:9])
    line.passes(8)
    line.ask(GET[9:] + GET[:9])
    line.passes(10)
    assert line.done == []


async def test_requests_keep_a_connection_alive() -> None:
    line = Line()
    for _ in range(5):
        line.passes(39)
        line.ask(GET)
    assert line.done == []


async def test_a_delay_may_be_longer_than_any_limit() -> None:
    line = Line(slow(Behaviour(Delay(180_000))))
    line.ask(GET)
    line.passes(179)
    assert line.done == []


# Ends


async def test_after_the_last_answer_the_connection_reads_on_for_a_while() -> None:
    """To close with unread bytes would reset the connection."""
    line = Line()
    line.ask(CLOSING)
    assert line.done == ["eof"]
    assert line.ask(GET) == 1
    line.passes(int(LINGER_SECONDS) + 1)
    assert line.done == ["eof", "abort"]


async def test_a_connection_does_not_read_on_for_ever() -> None:
    line = Line()
    line.ask(b"nonsense\r\n\r\n")
    for _ in range(int(LONGEST_LINGER_SECONDS)):
        line.ask(b"more")
        line.passes(1)
    assert line.done == ["eof"]
    for _ in range(int(LINGER_SECONDS) + 1):
        line.ask(b"more")
        line.passes(1)
    assert line.done == ["eof", "abort"]


async def test_a_connection_with_tls_reads_on_only_if_the_client_may_still_send() -> None:
    closing, refused = Line(tls=True), Line(tls=True)
    closing.ask(CLOSING)
    refused.ask(b"nonsense\r\n\r\n")
    assert (closing.done, refused.done) == (["close"], [])
    refused.passes(int(LINGER_SECONDS) + 1)
    assert refused.done == ["abort"]


async def test_a_client_that_closed_its_side_is_closed() -> None:
    line = Line()
    line.ask(GET)
    assert line.connection.eof_received() is True  # closed here, not by the transport
    assert line.done == ["close"]


async def test_a_client_that_closed_its_side_gets_all_answers() -> None:
    line = Line(slow())
    line.ask(GET * 3)
    assert line.connection.eof_received() is True
    await until(lambda: line.ask() == 3)
    assert line.done == ["close"]


async def test_a_client_with_tls_that_closed_its_side_is_closed() -> None:
    line = Line(slow(), tls=True)
    line.ask(GET)
    assert line.connection.eof_received() is False


async def test_a_reset_fault_resets_the_connection() -> None:
    line = Line(slow(Behaviour(fault=Fault(FaultKind.RESET))))
    line.ask(GET)
    assert line.transport.raw.options == [(socket.SOL_SOCKET, socket.SO_LINGER)]
    assert line.done == ["abort"]


async def test_the_end_closes_idle_connections_at_once() -> None:
    line = Line()
    line.ask(GET)
    line.all.end()
    assert line.done == ["close"]


@pytest.mark.parametrize("known", [False, True])
async def test_the_end_waits_for_answers_under_way(known: bool) -> None:
    line = Line(slow())
    if known:
        line.ask(GET)
        await until(lambda: line.ask() == 1)
    line.ask(GET)
    line.all.end()
    assert line.done == []
    await until(lambda: line.done == ["close"])
    last = line.transport.sent.rpartition(b"HTTP/1.1 200 ")[2]
    assert last.endswith(b"Connection: close\r\n\r\n" + HIT)


async def test_the_end_waits_for_a_request_under_way() -> None:
    line = Line()
    line.ask(GET[:9])
    line.all.end()
    assert line.done == []
    line.ask(GET[9:])
    assert line.done == ["close"]
    assert b"Connection: close\r\n" in line.transport.sent


async def test_a_client_that_connects_at_the_end_is_answered_once() -> None:
    line = Line()
    line.all.ending = True
    late = MockConnection(line.all)
    transport = Transport(late, tls=False, full=float("inf"))
    late.connection_made(transport)
    late.data_received(GET + GET)
    assert (transport.sent.count(HIT), transport.done) == (1, ["close"])


async def test_a_client_that_leaves_is_forgotten() -> None:
    line = Line(slow())
    line.ask(GET)
    assert not line.all.all_closed.is_set()
    line.connection.connection_lost(None)
    assert line.all.all_closed.is_set()
    assert line.all.open == set()


async def test_a_bug_ends_its_connection_alone(caplog: pytest.LogCaptureFixture) -> None:
    def broken(call: object, reply: object, at: float, duration: float) -> None:
        raise RuntimeError("broken")

    line = Line(MockSite(Directory({}, make_served()), broken))
    line.ask(GET)
    assert line.done == ["abort"]
    assert Line().ask(GET) == 1
