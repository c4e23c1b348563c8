"""The log for programs: one JSON object a line for every call, without waiting for its reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from understudy.proxy.call_lines.line_output import ATOMIC_BYTES, LineOutput
from understudy.proxy.operations.views.calls import dropped_json, seen_call_json
from understudy.serving.answers.replies import Reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.seen_calls import SeenCall, see_reply
from understudy.store.model.naming import escape_unprintable
from understudy.store.model.values import replace

CACHE_ENTRIES = 8_192
MAX_CACHED_BYTES = 4 * 1024  # of an answer: a cached entry holds it
MOST_WAITING = 1_024  # pieces, each up to `ATOMIC_BYTES`
LONGEST_LINE, SHORT_PATH = ATOMIC_BYTES - 200, 100
UNSHARED_BYTES = 256 * 1024
TEXTS = ("method", "path", "mock", "example", "note", "decision")
FIRST_OF_REST = ', "method": '

_Key = bytes | tuple[str, bytes]


class JsonLog:
    """A `CallWatch` that writes to a descriptor; `redact` removes secrets from a text.

    What a line has beside time and duration is the same for equal calls, so it is rendered once. Lines are joined to
    pieces; call `flush` now and then for those that do not fill a piece. `is_shared`: other processes write to the
    descriptor, too, so each write is small enough to stay whole.
    """

    def __init__(self, file: int, redact: Callable[[str], str], *, is_shared: bool = False) -> None:
        # Each write hands the interpreter over and back, which under load takes longer than the write.
        most = ATOMIC_BYTES if is_shared else UNSHARED_BYTES
        self.output: LineOutput[bytes] = LineOutput(
            file, bytes, _render_dropped, most_waiting=MOST_WAITING, piece_bytes=most
        )
        self._redact = redact
        self._known: dict[_Key, tuple[Reply, str]] = {}
        self._lines: list[str] = []
        self._size = 0
        self._millisecond = -1
        self._beginning = ""  # of the lines of this millisecond

    def note_reply(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """Write an answered call."""
        key = call if isinstance(call, bytes) else (call.method, call.target)
        known = self._known.get(key)
        rest = known[1] if known is not None and known[0] is reply else self._render_rest(key, call, reply)
        self._add(at, duration, rest)

    def note_call(self, call: SeenCall) -> None:
        """Write a call of another kind."""
        self._add(call.at, call.duration, self._render(call))

    def flush(self) -> None:
        """Have the lines written that wait for others."""
        if self._lines:
            self.output.put("".join(self._lines).encode("ascii"), len(self._lines))
            self._lines, self._size = [], 0

    def _add(self, at: float, duration: float, rest: str) -> None:
        millisecond = int(at * 1000)
        if millisecond != self._millisecond:
            self._millisecond = millisecond
            text = datetime.fromtimestamp(millisecond / 1000).astimezone().isoformat(timespec="milliseconds")
            self._beginning = f'{{"at": "{text}", "milliseconds": '
        line = f"{self._beginning}{duration * 1000:.3f}{rest}"
        size = self._size + len(line)
        if size > ATOMIC_BYTES:
            self.flush()
            size = len(line)
        self._size = size
        self._lines.append(line)

    def _render_rest(self, key: _Key, call: bytes | RawRequest, reply: Reply) -> str:
        rest = self._render(see_reply(call, reply, 0.0, 0.0))
        if len(reply.body) <= MAX_CACHED_BYTES:
            if len(self._known) >= CACHE_ENTRIES:
                self._known.clear()
            self._known[key] = reply, rest
        return rest

    def _render(self, call: SeenCall) -> str:
        """Return what follows the duration in the line of a call."""
        cleaned = {name: self._clean(getattr(call, name)) for name in TEXTS}
        value = seen_call_json(replace(call, **cleaned))
        rest = _encode(value)
        if len(rest) > LONGEST_LINE:  # it would not stay whole among the lines of other processes
            rest = _encode({**value, "path": f"{value['path'][:SHORT_PATH]}…", "note": None, "decision": None})
        return f"{rest[rest.index(FIRST_OF_REST) :]}\n"

    def _clean(self, text: str) -> str:
        return self._redact(escape_unprintable(text))


def _encode(value: object) -> str:
    return json.dumps(value)


def _render_dropped(number: int) -> bytes:
    return f"{_encode(dropped_json(number))}\n".encode("ascii")
