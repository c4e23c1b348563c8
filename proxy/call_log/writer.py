"""The thread that logs calls: it takes them from the thread that answers, redacts them and writes them in batches.

The log never delays an answer. Calls that come faster than they can be written are dropped, the oldest first, and
counted; the counters stay exact.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from understudy.proxy.call_log.entry import CallBuilder, CallEntry, drop_large_body
from understudy.proxy.shared_counts import SharedCounter as SharedCounter
from understudy.serving.answers.replies import Reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.store.errors import ValueRefused
from understudy.store.model.calls import Call
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor

logger = logging.getLogger(__name__)

WAITING = 4_096  # calls that wait to be written
WAITING_BYTES = 64 * 1024 * 1024  # of the bodies of waiting calls
BATCH_BYTES = 8 * 1024 * 1024
PAUSE_SECONDS = 0.05
# To write a call takes up to 0.1 ms of the interpreter that also answers. Above this rate the process is under load:
# then it writes small batches, with pauses that leave nearly all of the time to answering.
BUSY_PER_SECOND = 10_000
AT_ONCE_WHEN_BUSY = 50
SHARE_WHEN_BUSY = 0.03  # of the time, for writing
AT_ONCE = 2_000
STOP_SECONDS = 3.0  # at the end; a locked store is not waited for longer


@dataclass(frozen=True, slots=True)
class LogCounters:
    """The counters of one process for the log of one mock server; `dropped` belongs to the thread that answers."""

    kept: SharedCounter
    failed: SharedCounter
    dropped: SharedCounter


class CallLogWriter:
    """The log of one process. `keep` writes a batch; `counters` returns the counters of a mock server by its id.

    `at_root`: the paths of requests have no prefix with the mock server's slug.
    """

    def __init__(
        self,
        keep: Callable[[Sequence[Call], Mapping[str, int]], None],
        counters: Callable[[str], LogCounters],
        *,
        at_root: bool,
        redactor: Redactor = BUILT_IN_REDACTOR,
    ) -> None:
        self._keep = keep
        self._counters = counters
        self._builder = CallBuilder(at_root=at_root, redactor=redactor)
        self._waiting: deque[CallEntry] = deque()
        self._bytes = 0  # of the bodies that came and were not dropped; belongs to the thread that answers
        self._taken_bytes = 0  # of these, those taken to be written; belongs to the thread that writes
        self._dropped = 0
        self._taken = 0
        self._stopped = threading.Event()
        self._failing = False
        self._batch: Sequence[Call] = ()
        self._has_given_up = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        # Not in __init__: a thread created before a fork cannot be started after it (Python 3.13).
        self._thread = threading.Thread(target=self._run, name="call log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and stop; calls that the store does not take within a few seconds are counted as lost."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
            if self._thread.is_alive():
                self._give_up()

    def _give_up(self) -> None:
        self._has_given_up = True
        lost = Counter(_get_mock_id(reply) for _, reply, _, _ in self._waiting)
        lost.update(call.mock_server_id for call in self._batch)
        for mock_id, number in lost.items():
            self._counters(mock_id).failed.count(number)
        logger.error("the store is locked or slow; %d calls were not logged", lost.total())

    def __call__(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """Log a call; called by one thread only."""
        waiting = self._waiting
        if type(call) is RawRequest:
            reply = drop_large_body(reply)
            self._bytes += _measure_bodies(call, reply)
        waiting.append((call, reply, at, duration))
        if len(waiting) > WAITING:
            self._drop(len(waiting) - WAITING // 2)  # many at once cost a tenth of one by one
        elif self._bytes - self._taken_bytes > WAITING_BYTES:
            self._drop(1)

    def _drop(self, number: int) -> None:
        """Drop this number of the oldest, and more while the bodies of the others are too large."""
        dropped: Counter[str] = Counter()
        while number > 0 or self._bytes - self._taken_bytes > WAITING_BYTES:
            number -= 1
            try:
                call, reply, _, _ = self._waiting.popleft()
            except IndexError:  # the writer took them
                break
            self._bytes -= _measure_bodies(call, reply)
            dropped[_get_mock_id(reply)] += 1
        for mock_id, times in dropped.items():
            self._counters(mock_id).dropped.count(times)
        self._dropped += dropped.total()

    def _run(self) -> None:
        pause, seen = PAUSE_SECONDS, 0
        while not self._stopped.wait(pause):
            total, before = self._taken + self._dropped + len(self._waiting), seen
            seen, busy, begun = total, total - before > BUSY_PER_SECOND * pause, time.thread_time()
            self._write(AT_ONCE_WHEN_BUSY if busy else AT_ONCE)
            pause = max(PAUSE_SECONDS, (time.thread_time() - begun) / SHARE_WHEN_BUSY) if busy else PAUSE_SECONDS
        while self._waiting and not self._has_given_up:
            self._write(AT_ONCE)

    def _write(self, most: int) -> None:
        entries = self._take(most)
        calls = [call for entry in entries if (call := self._build_call(entry)) is not None]
        if not calls:
            return
        limits = {reply.server.mock.id: reply.server.mock.log_limit for _, reply, _, _ in entries if reply.server}
        self._batch = calls
        try:
            self._keep(calls, limits)
        except ValueRefused:
            for call in calls:
                self._write_alone(call, limits)
        except Exception as error:  # noqa: BLE001 - answering goes on without a log
            self._count_failed(calls, error)
        else:
            self._count_kept(calls)
        self._batch = ()

    def _write_alone(self, call: Call, limits: Mapping[str, int]) -> None:
        """Write one call of a batch in which the store refused some value."""
        try:
            self._keep([call], limits)
        except Exception as error:  # noqa: BLE001 - as above
            self._count_failed([call], error)
        else:
            self._count_kept([call])

    def _count_kept(self, calls: Sequence[Call]) -> None:
        self._failing = False
        self._count(calls, lambda counters: counters.kept)

    def _count_failed(self, calls: Sequence[Call], error: Exception) -> None:
        if not self._failing:
            logger.error("calls cannot be logged: %s", error)
        self._failing = True
        self._count(calls, lambda counters: counters.failed)

    def _count(self, calls: Sequence[Call], which: Callable[[LogCounters], SharedCounter]) -> None:
        if not self._has_given_up:  # else they are counted already
            for mock_id, number in Counter(call.mock_server_id for call in calls).items():
                which(self._counters(mock_id)).count(number)

    def _take(self, most: int) -> list[CallEntry]:
        """Take at most this number of the oldest, with not much more than BATCH_BYTES of bodies."""
        entries: list[CallEntry] = []
        enough = self._taken_bytes + BATCH_BYTES
        while len(entries) < most and self._taken_bytes < enough:
            try:
                entry = self._waiting.popleft()
            except IndexError:
                break
            self._taken_bytes += _measure_bodies(entry[0], entry[1])
            entries.append(entry)
        self._taken += len(entries)
        return entries

    def _build_call(self, entry: CallEntry) -> Call | None:
        try:
            return self._builder.build(entry, _get_mock_id(entry[1]))
        except Exception:
            logger.exception("a call cannot be logged")
            self._counters(_get_mock_id(entry[1])).failed.count()
            return None


def _get_mock_id(reply: Reply) -> str:
    assert reply.server is not None, "only calls to a mock server are logged"
    return reply.server.mock.id


def _measure_bodies(call: bytes | RawRequest, reply: Reply) -> int:
    """Return the bytes of bodies that an entry holds in memory; a known whole request is short, its reply is shared."""
    return len(call.body) + len(reply.body) if isinstance(call, RawRequest) else 0
