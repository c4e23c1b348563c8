"""The thread that logs calls: its counters are exact, whatever the load and whatever the store does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

import pytest

from tests.factories.messages import make_response
from tests.factories.stored import make_mock_server
from tests.programs import wait_for
from understudy.proxy.call_log import writer
from understudy.proxy.call_log.entry import CallEntry
from understudy.proxy.call_log.writer import CallLogWriter, LogCounters
from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.replies import Reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.mock_server.calls import CompiledMockServer
from understudy.store.errors import StoreError, ValueRefused
from understudy.store.model.calls import Call

SERVED = CompiledMockServer(make_mock_server("collection", log_limit=7), Answers())
REPLY = Reply(b"", b"", make_response(), None, True, SERVED, "example", "", "")


class Count:
    """A counter that a test reads; `counted` is set as soon as it is above zero."""

    def __init__(self) -> None:
        self.number = 0
        self.counted = threading.Event()

    def count(self, more: int = 1) -> None:
        self.number += more
        self.counted.set()


class Kept:
    """A log on a store that does what `answer` does, with the calls that it kept, its counters and its limits."""

    def __init__(self, answer: Callable[[Sequence[Call]], object] = lambda _: None) -> None:
        self.answer = answer
        self.calls: list[Call] = []
        self.batches: list[int] = []
        self.limits: Mapping[str, int] = {}
        self.kept, self.failed, self.dropped = Count(), Count(), Count()
        counters = LogCounters(self.kept, self.failed, self.dropped)  # type: ignore[arg-type]
        self.log = CallLogWriter(self.keep, lambda _: counters, at_root=True)

    def keep(self, calls: Sequence[Call], limits: Mapping[str, int]) -> None:
        self.answer(calls)
        self.calls += calls
        self.batches.append(len(calls))
        self.limits = limits

    def take(self, *targets: str, body: bytes = b"", reply: Reply = REPLY) -> None:
        for target in targets:
            self.log(RawRequest("GET", target.encode(), (), body, "HTTP/1.1", True), reply, 0.0, 0.0)

    def end(self) -> list[str]:
        """Let the thread write everything, and return the paths that were kept."""
        self.log.start()
        self.log.stop()
        return [call.request.target.decode() for call in self.calls]

    @property
    def counted(self) -> tuple[int, int, int]:
        return self.kept.number, self.failed.number, self.dropped.number


def numbered(count: int) -> list[str]:
    return [f"/{number}" for number in range(count)]


def test_calls_are_kept_in_their_order() -> None:
    kept = Kept()
    kept.take(*numbered(5))
    assert kept.end() == numbered(5)
    assert kept.counted == (5, 0, 0)
    assert kept.limits == {SERVED.mock.id: 7}


def test_calls_that_come_too_fast_are_dropped_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "WAITING", 4)
    kept = Kept()
    kept.take(*numbered(10))
    assert kept.end() == ["/6", "/7", "/8", "/9"]
    assert kept.counted == (4, 0, 6)


def test_the_bodies_of_waiting_calls_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for few calls, and after many small ones."""
    monkeypatch.setattr(writer, "WAITING_BYTES", 250)
    kept = Kept()
    kept.take(*numbered(20))
    kept.take("/a", "/b", "/c", body=b"x" * 100)
    assert kept.end() == ["/b", "/c"]
    assert kept.counted == (2, 0, 21)


def test_bodies_of_answers_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "WAITING_BYTES", 250)
    kept = Kept()
    body = b"x" * 100
    kept.take("/a", "/b", "/c", reply=Reply(b"", body, make_response(body=body), None, False, SERVED))
    assert kept.end() == ["/b", "/c"]


def test_room_is_made_by_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "WAITING_BYTES", 250)
    written = threading.Event()
    kept = Kept(lambda _: written.set())
    kept.log.start()
    for target in numbered(10):
        kept.take(target, body=b"x" * 100)
        assert written.wait(10)
        written.clear()
    kept.log.stop()
    assert kept.counted == (10, 0, 0)


def test_a_batch_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "BATCH_BYTES", 150)
    kept = Kept()
    kept.take(*numbered(5), body=b"x" * 100)
    assert kept.end() == numbered(5)
    assert kept.batches == [2, 2, 1]


@pytest.mark.parametrize("error", [StoreError("the disk is full"), OSError("odd"), RuntimeError("a bug")])
def test_a_store_that_fails_is_logged_once_and_its_calls_counted(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Sequence[Call]) -> None:
        raise error

    kept = Kept(fail)
    with caplog.at_level(logging.ERROR):
        kept.take(*numbered(4_000))
        kept.end()
    assert kept.counted == (0, 4_000, 0)
    assert [record.getMessage() for record in caplog.records] == [f"calls cannot be logged: {error}"]


def test_a_store_that_recovers_is_used_again(caplog: pytest.LogCaptureFixture) -> None:
    broken = [True]
    written = threading.Event()

    def answer(_: Sequence[Call]) -> None:
        written.set()
        if broken[0]:
            raise StoreError("locked")

    kept = Kept(answer)
    kept.log.start()
    kept.take("/lost")
    assert written.wait(10)
    broken[0] = False
    assert kept.failed.counted.wait(30)
    kept.take("/kept")
    kept.log.stop()
    assert [call.request.target for call in kept.calls] == [b"/kept"]
    assert kept.counted == (1, 1, 0)


def test_the_other_calls_of_a_batch_with_a_refused_value_are_kept() -> None:
    def refuse(calls: Sequence[Call]) -> None:
        if any(call.request.target == b"/2" for call in calls):
            raise ValueRefused("odd")

    kept = Kept(refuse)
    kept.take(*numbered(5))
    assert kept.end() == ["/0", "/1", "/3", "/4"]
    assert kept.counted == (4, 1, 0)


def test_a_call_that_cannot_be_built_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    make = kept.log._builder.build

    def failing(entry: CallEntry, owner: str) -> Call:
        call = make(entry, owner)
        if call.request.target == b"/1":
            raise RuntimeError("a bug")
        return call

    monkeypatch.setattr(kept.log._builder, "build", failing)
    kept.take(*numbered(3))
    assert kept.end() == ["/0", "/2"]
    assert kept.counted == (2, 1, 0)


def test_at_the_end_a_locked_store_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The calls it holds up and those behind them are counted as lost, once, and logged."""
    monkeypatch.setattr(writer, "STOP_SECONDS", 0.01)
    monkeypatch.setattr(writer, "AT_ONCE", 2)
    locked, released, ended = threading.Event(), threading.Event(), threading.Event()

    def hold(_: Sequence[Call]) -> None:
        locked.set()
        released.wait()
        ended.set()

    kept = Kept(hold)
    kept.take(*numbered(5))
    kept.log.start()
    assert locked.wait(10)
    with caplog.at_level(logging.ERROR):
        kept.log.stop()
    assert kept.counted == (0, 5, 0)
    assert caplog.messages == ["the store is locked or slow; 5 calls were not logged"]
    released.set()
    assert ended.wait(10)
    wait_for(lambda: kept.log._batch == ())
    assert (kept.counted, len(kept.calls)) == ((0, 5, 0), 2)
