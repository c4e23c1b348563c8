"""The history writer: commits together, tells each who waits, loses nothing quietly."""

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
from understudy.store.model.exchanges import Exchange
from understudy.store.model.websockets import MessageKind, WebSocketMessage


class Kept:
    """A history in memory; refuses batches with one of the `bad` paths in them."""

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


def note(told: list[tuple[str, CommitResult]], path: str, outcome: CommitResult) -> None:
    told.append((path, outcome))


def write(kept: Kept, *paths: str) -> tuple[HistoryWriter, list[tuple[str, CommitResult]]]:
    """Submit these before the writer starts, let it write them all; returns it and what was told, in order."""
    writer = HistoryWriter(kept.add)
    told: list[tuple[str, CommitResult]] = []
    for path in paths:
        writer.submit(make_exchange(request=path), partial(note, told, path))
    writer.start()
    writer.stop()
    return writer, told


def test_what_waits_is_committed_together() -> None:
    kept = Kept()
    write(kept, "/1", "/2", "/3")
    assert kept.batches == [["/1", "/2", "/3"]]


def test_each_who_waits_gets_its_own_id_in_order() -> None:
    _, told = write(Kept(), "/1", "/2", "/3")
    assert told == [("/1", 1), ("/2", 2), ("/3", 3)]


def test_a_batch_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "LARGEST_BATCH", 2)
    kept = Kept()
    write(kept, "/1", "/2", "/3")
    assert kept.batches == [["/1", "/2"], ["/3"]]


def test_what_comes_during_a_commit_is_committed_next_together() -> None:
    kept, committing, go_on = Kept(), threading.Event(), threading.Event()

    def add(exchanges: Sequence[Exchange]) -> list[int]:
        committing.set()
        assert go_on.wait(30)
        return kept.add(exchanges)

    writer = HistoryWriter(add)
    writer.start()
    writer.submit(make_exchange(request="/1"), lambda _: None)
    assert committing.wait(30)
    for path in ("/2", "/3"):
        writer.submit(make_exchange(request=path), lambda _: None)
    go_on.set()
    writer.stop()
    assert kept.batches == [["/1"], ["/2", "/3"]]


def test_nobody_is_told_before_the_commit() -> None:
    events: list[str] = []

    def add(exchanges: Sequence[Exchange]) -> list[int]:
        events.append("committed")
        return [1]

    writer = HistoryWriter(add)
    writer.submit(make_exchange(), lambda _: events.append("told"))
    writer.start()
    writer.stop()
    assert events == ["committed", "told"]


def test_a_bad_exchange_does_not_take_the_others_along() -> None:
    kept = Kept("/bad")
    writer, told = write(kept, "/1", "/bad", "/2")
    assert kept.batches == [["/1"], ["/2"]]
    assert [path for path, outcome in told if isinstance(outcome, StoreError)] == ["/bad"]
    assert (writer.kept, writer.lost) == (2, 1)


def test_outcomes_keep_their_order_around_a_bad_exchange() -> None:
    _, told = write(Kept("/bad"), "/1", "/bad", "/2")
    assert [path for path, _ in told] == ["/1", "/bad", "/2"]


def test_a_writer_that_always_fails_tells_each_and_counts() -> None:
    writer, told = write(Kept("/1", "/2"), "/1", "/2")
    assert [str(outcome) for _, outcome in told] == ["too odd", "too odd"]
    assert (writer.kept, writer.lost) == (0, 2)


def test_a_broken_store_is_asked_once_for_a_batch() -> None:
    """Each try may take the whole time a lock is waited for."""
    tries = 0

    def refuse(_: Sequence[Exchange]) -> list[int]:
        nonlocal tries
        tries += 1
        raise StoreError("locked")

    writer = HistoryWriter(refuse)
    told: queue.SimpleQueue[CommitResult] = queue.SimpleQueue()
    for path in ("/1", "/2", "/3"):
        writer.submit(make_exchange(request=path), told.put)
    writer.start()
    writer.stop()
    assert (tries, told.qsize(), writer.lost) == (1, 3, 3)


def test_what_is_kept_is_counted() -> None:
    writer, _ = write(Kept(), "/1", "/2")
    assert (writer.kept, writer.lost) == (2, 0)


def test_any_failure_becomes_a_store_error() -> None:
    _, [(_, outcome)] = write(Kept("/1", failure=ZeroDivisionError("oh")), "/1")
    assert isinstance(outcome, StoreError)
    assert "ZeroDivisionError('oh')" in str(outcome)


def test_the_writer_goes_on_after_a_failure() -> None:
    told: queue.Queue[CommitResult] = queue.Queue()
    writer = HistoryWriter(Kept("/bad").add)
    writer.start()
    writer.submit(make_exchange(request="/bad"), told.put)
    assert isinstance(told.get(timeout=30), StoreError)
    writer.submit(make_exchange(request="/good"), told.put)
    assert told.get(timeout=30) == 1
    writer.stop()


def test_a_loss_is_logged_without_its_query(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="understudy.store.history_writer"):
        write(Kept("/login?token=s3cr3t"), "/login?token=s3cr3t")
    assert caplog.messages == ["not kept: GET /login: too odd"]


def test_stopping_commits_what_is_queued() -> None:
    kept = Kept()
    write(kept, *(f"/{number}" for number in range(1_234)))
    assert sum(map(len, kept.batches)) == 1_234


@pytest.mark.parametrize("start", [False, True])
def test_stopping_twice_or_without_a_start_does_nothing(start: bool) -> None:
    writer = HistoryWriter(Kept().add)
    if start:
        writer.start()
        writer.stop()
    writer.stop()


def test_outcomes_of_a_batch_are_announced_at_once() -> None:
    announced: list[list[CommitResult]] = []
    writer = HistoryWriter(Kept().add, announce=lambda told: announced.append([outcome for _, outcome in told]))
    for _ in range(3):
        writer.submit(make_exchange(request=make_request()), lambda _: None)
    writer.start()
    writer.stop()
    assert announced == [[1, 2, 3]]


def test_one_who_fails_to_listen_does_not_end_the_writing() -> None:
    def fail(_: CommitResult) -> None:
        raise RuntimeError("gone")

    kept = Kept()
    writer = HistoryWriter(kept.add)
    writer.start()
    told: queue.SimpleQueue[CommitResult] = queue.SimpleQueue()
    writer.submit(make_exchange(request="/1"), fail)
    writer.submit(make_exchange(request="/2"), told.put)
    writer.submit(make_exchange(request="/3"), told.put)
    writer.stop()
    assert [path for batch in kept.batches for path in batch] == ["/1", "/2", "/3"]
    assert told.qsize() == 2


class Said:
    """Messages in memory; refuses batches that say `odd`."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure or ValueRefused("too odd")
        self.batches: list[list[ExchangeMessage]] = []

    def add(self, messages: Sequence[ExchangeMessage]) -> None:
        if any(message.content == b"odd" for _, message in messages):
            raise self.failure
        self.batches.append(list(messages))


def say(said: Said, *contents: bytes) -> tuple[HistoryWriter, list[tuple[str, CommitResult]]]:
    """Submit these as messages of the exchange 7, let all be written; returns the writer and what was told."""
    writer = HistoryWriter(Kept().add, None, said.add)
    told: list[tuple[str, CommitResult]] = []
    for content in contents:
        message = WebSocketMessage(1.0, False, MessageKind.TEXT, content)
        writer.submit_message((7, message), partial(note, told, content.decode()))
    writer.start()
    writer.stop()
    return writer, told


def test_messages_are_committed_together_in_order() -> None:
    said = Said()
    writer, told = say(said, b"a", b"b", b"c")
    [batch] = said.batches
    assert [(number, message.content) for number, message in batch] == [(7, b"a"), (7, b"b"), (7, b"c")]
    assert (told, writer.kept, writer.lost) == ([("a", 0), ("b", 0), ("c", 0)], 0, 0)


def test_a_message_that_is_refused_takes_no_other_along(caplog: pytest.LogCaptureFixture) -> None:
    writer, told = say(Said(), b"a", b"odd", b"c")
    assert [isinstance(outcome, StoreError) for _, outcome in told] == [False, True, False]
    assert writer.lost == 1
    assert "not kept: a message of the WebSocket 7: too odd" in caplog.text


def test_messages_are_lost_together_where_the_store_is_broken() -> None:
    writer, told = say(Said(StoreError("disk full")), b"a", b"odd")
    assert [str(outcome) for _, outcome in told] == ["disk full"] * 2
    assert writer.lost == 2
