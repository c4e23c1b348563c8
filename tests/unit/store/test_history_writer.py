"""The history writer commits exchanges together, calls each callback, and logs each loss."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from functools import partial

import pytest

from tests.factories.messages import make_request
from tests.factories.stored import make_exchange
from understudy.store import history_writer as writer_module
from understudy.store.errors import StoreError, ValueRefused
from understudy.store.history_writer import CommitResult, ExchangeMessage, HistoryWriter
from understudy.store.model.exchanges import Degradation, Exchange
from understudy.store.model.websockets import MessageKind, WebSocketMessage


class FakeHistory:
    """A history in memory that refuses batches with a path in `bad`."""

    def __init__(self, *bad: str, failure: Exception | None = None) -> None:
        self.bad = bad
        self.failure = failure or ValueRefused("too odd")
        self.batches: list[list[str]] = []

    def add(self, exchanges: Sequence[Exchange]) -> list[int]:
        paths = [exchange.request.target.decode() for exchange in exchanges]
        if set(paths) & set(self.bad):
            raise self.failure
        first = sum(map(len, self.batches)) + 1
        self.batches.append(paths)
        return list(range(first, first + len(paths)))


def note(results: list[tuple[str, CommitResult]], path: str, outcome: CommitResult) -> None:
    results.append((path, outcome))


def write(history: FakeHistory, *paths: str) -> tuple[HistoryWriter, list[tuple[str, CommitResult]]]:
    """Submit exchanges before the writer starts, and let it write all; return it and the results in order."""
    writer = HistoryWriter(history.add)
    results: list[tuple[str, CommitResult]] = []
    for path in paths:
        writer.submit(make_exchange(request=path), partial(note, results, path))
    writer.start()
    writer.stop()
    return writer, results


def test_queued_exchanges_are_committed_together() -> None:
    history = FakeHistory()
    write(history, "/1", "/2", "/3")
    assert history.batches == [["/1", "/2", "/3"]]


def test_each_callback_gets_the_id_of_its_exchange_in_order() -> None:
    _, results = write(FakeHistory(), "/1", "/2", "/3")
    assert results == [("/1", 1), ("/2", 2), ("/3", 3)]


def test_a_batch_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "LARGEST_BATCH", 2)
    history = FakeHistory()
    write(history, "/1", "/2", "/3")
    assert history.batches == [["/1", "/2"], ["/3"]]


def test_exchanges_submitted_during_a_commit_are_committed_together_next() -> None:
    history, committing, go_on = FakeHistory(), threading.Event(), threading.Event()

    def add(exchanges: Sequence[Exchange]) -> list[int]:
        committing.set()
        assert go_on.wait(30)
        return history.add(exchanges)

    writer = HistoryWriter(add)
    writer.start()
    writer.submit(make_exchange(request="/1"), lambda _: None)
    assert committing.wait(30)
    for path in ("/2", "/3"):
        writer.submit(make_exchange(request=path), lambda _: None)
    go_on.set()
    writer.stop()
    assert history.batches == [["/1"], ["/2", "/3"]]


def test_no_callback_is_called_before_the_commit() -> None:
    events: list[str] = []

    def add(exchanges: Sequence[Exchange]) -> list[int]:
        events.append("committed")
        return [1]

    writer = HistoryWriter(add)
    writer.submit(make_exchange(), lambda _: events.append("called"))
    writer.start()
    writer.stop()
    assert events == ["committed", "called"]


def test_a_bad_exchange_does_not_prevent_the_others() -> None:
    history = FakeHistory("/bad")
    writer, results = write(history, "/1", "/bad", "/2")
    assert history.batches == [["/1"], ["/2"]]
    assert [path for path, outcome in results if isinstance(outcome, StoreError)] == ["/bad"]
    assert (writer.kept, writer.lost) == (2, 1)


def test_results_keep_their_order_around_a_bad_exchange() -> None:
    _, results = write(FakeHistory("/bad"), "/1", "/bad", "/2")
    assert [path for path, _ in results] == ["/1", "/bad", "/2"]


def test_a_writer_that_always_fails_calls_each_callback_and_counts() -> None:
    writer, results = write(FakeHistory("/1", "/2"), "/1", "/2")
    assert [str(outcome) for _, outcome in results] == ["too odd", "too odd"]
    assert (writer.kept, writer.lost) == (0, 2)


@pytest.mark.parametrize(("patience", "calls"), [(-1.0, 1), (60.0, 2)], ids=["fails slowly", "fails at once"])
def test_a_broken_store_is_called_for_whole_batches(
    monkeypatch: pytest.MonkeyPatch, patience: float, calls: int
) -> None:
    """Once if each call may wait for a lock until the timeout, else once more; never for each exchange."""
    monkeypatch.setattr(writer_module, "QUICK_FAILURE_SECONDS", patience)
    tries = 0

    def refuse(_: Sequence[Exchange]) -> list[int]:
        nonlocal tries
        tries += 1
        raise StoreError("locked")

    writer = HistoryWriter(refuse)
    results: queue.SimpleQueue[CommitResult] = queue.SimpleQueue()
    for path in ("/1", "/2", "/3"):
        writer.submit(make_exchange(request=path), results.put)
    writer.start()
    writer.stop()
    assert (tries, results.qsize(), writer.lost) == (calls, 3, 3)


def test_a_commit_whose_outcome_is_unknown_is_repeated_with_the_same_keys() -> None:
    """So that a store adds nothing if it had stored them."""
    keys: list[list[int | None]] = []

    def add(exchanges: Sequence[Exchange]) -> list[int]:
        keys.append([exchange.key for exchange in exchanges])
        if len(keys) == 1:
            raise StoreError("the connection was lost")
        return [1, 2]

    writer = HistoryWriter(add)
    results: queue.SimpleQueue[CommitResult] = queue.SimpleQueue()
    for path in ("/1", "/2"):
        writer.submit(make_exchange(request=path), results.put)
    writer.start()
    writer.stop()
    first, second = keys
    assert first == second
    assert len(set(first)) == 2
    assert (results.get(), results.get(), writer.lost) == (1, 2, 0)


def test_stored_exchanges_are_counted() -> None:
    writer, _ = write(FakeHistory(), "/1", "/2")
    assert (writer.kept, writer.lost) == (2, 0)


def test_any_failure_becomes_a_store_error() -> None:
    _, [(_, outcome)] = write(FakeHistory("/1", failure=ZeroDivisionError("oh")), "/1")
    assert isinstance(outcome, StoreError)
    assert "ZeroDivisionError('oh')" in str(outcome)


def test_the_writer_works_after_a_failure() -> None:
    results: queue.Queue[CommitResult] = queue.Queue()
    writer = HistoryWriter(FakeHistory("/bad").add)
    writer.start()
    writer.submit(make_exchange(request="/bad"), results.put)
    assert isinstance(results.get(timeout=30), StoreError)
    writer.submit(make_exchange(request="/good"), results.put)
    assert results.get(timeout=30) == 1
    writer.stop()


def test_a_loss_is_logged_without_its_query(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="understudy.store.history_writer"):
        write(FakeHistory("/login?token=s3cr3t"), "/login?token=s3cr3t")
    assert caplog.messages == ["not kept: GET /login: too odd"]


def test_stopping_commits_what_is_queued() -> None:
    history = FakeHistory()
    write(history, *(f"/{number}" for number in range(1_234)))
    assert sum(map(len, history.batches)) == 1_234


@pytest.mark.parametrize("start", [False, True])
def test_stopping_twice_or_without_a_start_does_nothing(start: bool) -> None:
    writer = HistoryWriter(FakeHistory().add)
    if start:
        writer.start()
        writer.stop()
    writer.stop()


def test_the_results_of_a_batch_are_announced_at_once() -> None:
    announced: list[list[CommitResult]] = []
    writer = HistoryWriter(
        FakeHistory().add, announce=lambda results: announced.append([outcome for _, outcome in results])
    )
    for _ in range(3):
        writer.submit(make_exchange(request=make_request()), lambda _: None)
    writer.start()
    writer.stop()
    assert announced == [[1, 2, 3]]


def test_a_callback_that_fails_does_not_stop_the_writer() -> None:
    def fail(_: CommitResult) -> None:
        raise RuntimeError("gone")

    history = FakeHistory()
    writer = HistoryWriter(history.add)
    writer.start()
    results: queue.SimpleQueue[CommitResult] = queue.SimpleQueue()
    writer.submit(make_exchange(request="/1"), fail)
    writer.submit(make_exchange(request="/2"), results.put)
    writer.submit(make_exchange(request="/3"), results.put)
    writer.stop()
    assert [path for batch in history.batches for path in batch] == ["/1", "/2", "/3"]
    assert results.qsize() == 2


class FakeMessages:
    """Messages in memory, which refuse batches with the content `odd`."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure or ValueRefused("too odd")
        self.batches: list[list[ExchangeMessage]] = []

    def add(self, messages: Sequence[ExchangeMessage]) -> None:
        if any(message.content == b"odd" for _, message in messages):
            raise self.failure
        self.batches.append(list(messages))


def write_messages(messages: FakeMessages, *contents: bytes) -> tuple[HistoryWriter, list[tuple[str, CommitResult]]]:
    """Submit these as messages of the exchange 7, and let all be written; return the writer and the results."""
    writer = HistoryWriter(FakeHistory().add, None, messages.add)
    results: list[tuple[str, CommitResult]] = []
    for content in contents:
        message = WebSocketMessage(1.0, False, MessageKind.TEXT, content)
        writer.submit_message((7, message), partial(note, results, content.decode()))
    writer.start()
    writer.stop()
    return writer, results


def test_messages_are_committed_together_in_order() -> None:
    messages = FakeMessages()
    writer, results = write_messages(messages, b"a", b"b", b"c")
    [batch] = messages.batches
    assert [(number, message.content) for number, message in batch] == [(7, b"a"), (7, b"b"), (7, b"c")]
    assert (results, writer.kept, writer.lost) == ([("a", 0), ("b", 0), ("c", 0)], 0, 0)


def test_a_message_that_is_refused_does_not_prevent_the_others(caplog: pytest.LogCaptureFixture) -> None:
    writer, results = write_messages(FakeMessages(), b"a", b"odd", b"c")
    assert [isinstance(outcome, StoreError) for _, outcome in results] == [False, True, False]
    assert writer.lost == 1
    assert "not kept: a message of the WebSocket 7: too odd" in caplog.text


def test_messages_are_lost_together_if_the_store_is_broken() -> None:
    writer, results = write_messages(FakeMessages(StoreError("disk full")), b"a", b"odd")
    assert [str(outcome) for _, outcome in results] == ["disk full"] * 2
    assert writer.lost == 2


@pytest.mark.parametrize("fails", [False, True])
def test_a_mark_that_an_exchange_is_incomplete_is_stored_or_reported(
    fails: bool, caplog: pytest.LogCaptureFixture
) -> None:
    marked: list[Degradation] = []

    def mark(degradations: Sequence[Degradation]) -> None:
        if fails:
            raise StoreError("disk full")
        marked.extend(degradations)

    results: list[CommitResult] = []
    writer = HistoryWriter(FakeHistory().add, mark_degraded=mark)
    writer.start()
    writer.submit_all([(Degradation(7, "a reason"), results.append)])
    writer.stop()
    assert ([str(result) for result in results], len(marked)) == ((["disk full"], 0) if fails else (["0"], 1))
    assert ("entry 7 is incomplete: a reason: disk full" in caplog.text) is fails
