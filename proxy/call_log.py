"""The thread that keeps calls: takes them from the answering thread at once, redacts and writes them in batches.

A call is never held up by its log. What comes faster than it can be written is dropped, the oldest first, and counted;
the counters stay exact.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from proxy.shared_counts import Counter
from serving.directory import below_root, in_origin_form
from serving.http_reader import Arrived, RequestReader
from serving.replies import Reply
from store.calls import KEPT_BODY, Call
from store.errors import UnderstudyError
from store.messages import Body, Response
from store.redaction import redact_request, redact_response

logger = logging.getLogger(__name__)

WAITING = 4_096  # calls that wait to be written
WAITING_BYTES = 64 * 1024 * 1024  # of their bodies
PAUSE_SECONDS = 0.05
# Writing a call takes a tenth of a millisecond of the one interpreter that also answers. Who is called more often than
# this in a pause is under load: then so few are written in each that answering does not feel it.
BUSY = 500
AT_ONCE_WHEN_BUSY = 50
AT_ONCE = 2_000
LARGEST_LOOKED_INTO = 1024 * 1024  # bytes of a body in which secrets are looked for; a larger one is not kept

Entry = tuple[bytes | Arrived, Reply, float, float]


@dataclass(frozen=True, slots=True)
class LogCounters:
    """What one process counts of the log of one mock server; `dropped` by the thread that answers, the others here."""

    kept: Counter
    failed: Counter
    dropped: Counter


class CallLog:
    """The log of one process. `keep` writes a batch; `counters` gives the counters of a mock server by its id.

    `at_root`: paths begin where the port's do, not with the mock server's slug.
    """

    def __init__(
        self,
        keep: Callable[[Sequence[Call], Mapping[str, int]], None],
        counters: Callable[[str], LogCounters],
        *,
        at_root: bool,
    ) -> None:
        self._keep = keep
        self._counters = counters
        self._at_root = at_root
        self._waiting: deque[Entry] = deque()
        self._bytes = 0
        self._taken = 0
        self._came = 0
        self._stopped = threading.Event()
        self._failing = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        # Made here: a thread made before a fork cannot be started after it (Python 3.13).
        self._thread = threading.Thread(target=self._run, name="call log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def __call__(self, call: bytes | Arrived, reply: Reply, at: float, duration: float) -> None:
        """Take a call; called by one thread only."""
        self._came += 1
        if type(call) is Arrived:
            self._bytes += len(call.body)
        waiting = self._waiting
        waiting.append((call, reply, at, duration))
        if len(waiting) > WAITING or self._bytes - self._taken > WAITING_BYTES:
            self._drop()

    def _drop(self) -> None:
        try:
            call, reply, _, _ = self._waiting.popleft()
        except IndexError:  # the writer was faster
            return
        self._bytes -= len(call.body) if isinstance(call, Arrived) else 0
        if reply.served is not None:
            self._counters(reply.served.mock.id).dropped.count()

    def _run(self) -> None:
        seen = 0
        while not self._stopped.wait(PAUSE_SECONDS):
            came, before = self._came, seen
            seen = came
            self._write(AT_ONCE_WHEN_BUSY if came - before > BUSY else AT_ONCE)
        while self._waiting:
            self._write(AT_ONCE)

    def _write(self, most: int) -> None:
        entries = self._take(most)
        if not entries:
            return
        calls = [call for entry in entries if (call := self._call(entry)) is not None]
        limits = {reply.served.mock.id: reply.served.mock.log_limit for _, reply, _, _ in entries if reply.served}
        try:
            self._keep(calls, limits)
        except UnderstudyError as error:
            if not self._failing:
                logger.error("the call log cannot be kept: %s", error)
            self._failing = True
            for call in calls:
                self._counters(call.mock_server_id).failed.count()
            return
        self._failing = False
        for call in calls:
            self._counters(call.mock_server_id).kept.count()

    def _take(self, most: int) -> list[Entry]:
        entries: list[Entry] = []
        while len(entries) < most:
            try:
                entry = self._waiting.popleft()
            except IndexError:
                break
            if isinstance(entry[0], Arrived):
                self._taken += len(entry[0].body)
            entries.append(entry)
        return entries

    def _call(self, entry: Entry) -> Call | None:
        """What is kept of a call."""
        came, reply, at, duration = entry
        arrived = came if isinstance(came, Arrived) else _read(came)
        if reply.served is None or arrived is None:
            return None
        request, _ = in_origin_form(arrived.request())
        if not self._at_root:
            request = below_root(request)
        body = _looked_into(request.body)
        request, _ = redact_request(replace(request, body=body), body)
        return Call(
            mock_server_id=reply.served.mock.id,
            at=at,
            duration=duration,
            request=replace(request, body=_cut(request.body)),
            response=_kept_response(reply.response),
            example_id=reply.example_id,
            example_name=reply.example_name,
            decision=reply.told,
            request_size=len(arrived.body),
            response_size=len(reply.body) if reply.response else 0,
        )


def _read(data: bytes) -> Arrived | None:
    events = RequestReader().feed(data)
    return next((event for event in events if isinstance(event, Arrived)), None)


def _kept_response(response: Response | None) -> Response | None:
    if response is None:
        return None
    body = _looked_into(response.body)
    redacted, _ = redact_response(replace(response, body=body), body)
    return replace(redacted, body=_cut(redacted.body))


def _looked_into(body: Body) -> bytes:
    return body if isinstance(body, bytes) and len(body) <= LARGEST_LOOKED_INTO else b""


def _cut(body: Body) -> bytes:
    assert isinstance(body, bytes)
    return body[:KEPT_BODY]
