"""What one process shows of its calls: lines for people, JSON for programs, both or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from understudy.proxy.call_lines.call_meter import PER_SECOND, CallMeter
from understudy.proxy.call_lines.call_tally import CallTally
from understudy.proxy.call_lines.json_log import JsonLog
from understudy.proxy.call_lines.line_log import route_log
from understudy.proxy.call_lines.line_output import LineOutput
from understudy.serving.answers.replies import Reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.seen_calls import CallWatch, SeenCall

SECOND = 1.0
FLUSH_SECONDS = 0.05

ShownLine = SeenCall | CallTally | str
Redact = Callable[[str], str]
"""Removes secrets from a text."""


class LineRenderer(Protocol):
    """Renders lines for people, each with its end."""

    def render(self, line: ShownLine, redact: Redact) -> bytes:
        """Return a call, a tally or a text as a line without secrets."""
        ...

    def render_dropped(self, number: int) -> bytes:
        """Return the line for a number of dropped lines."""
        ...


@dataclass(frozen=True, slots=True)
class CallOutputs:
    """The descriptors on which calls are shown: `lines` for people, `json` for programs; None for none.

    `renderer` renders the lines; it is not None where `lines` is not. Up to `per_second` calls have a line each,
    none without `shows_calls`: then the log alone goes there. `is_shared`: several processes write to them.
    """

    lines: int | None = None
    renderer: LineRenderer | None = None
    json: int | None = None
    shows_calls: bool = True
    is_shared: bool = False
    per_second: float = PER_SECOND


class CallDisplay:
    """The outputs of one process, which has its log go there too; `watch` gets its calls, None if none are shown.

    `redact` removes secrets from a text. With `lines`, the lines for people go there in place of their descriptor.
    """

    def __init__(self, outputs: CallOutputs, redact: Redact, *, lines: LineOutput[ShownLine] | None = None) -> None:
        lines = lines or make_line_output(outputs, redact)
        self.lines = lines
        shows_calls = lines is not None and outputs.shows_calls
        self._meter = CallMeter(lines.put, per_second=outputs.per_second) if lines and shows_calls else None
        self._end_log: Callable[[], None] = lambda: None
        self._json = None if outputs.json is None else JsonLog(outputs.json, redact, is_shared=outputs.is_shared)
        watches: list[CallWatch] = [each for each in (self._meter, self._json) if each is not None]
        self.watch: CallWatch | None = watches[0] if len(watches) == 1 else AllWatches(watches) if watches else None

    def start(self) -> None:
        """Start to write; after a fork, in the process whose calls are shown."""
        for output in self._list_outputs():
            output.start()
        if self.lines is not None:
            self._end_log = route_log(self.lines.put)

    async def keep_showing(self) -> None:
        """Show, once a second, what was counted, and soon what waits; until it is cancelled."""
        await asyncio.gather(self._tick_every_second(), self._flush_often())

    async def _tick_every_second(self) -> None:
        while self._meter is not None:
            await asyncio.sleep(SECOND)
            self._meter.tick()

    async def _flush_often(self) -> None:
        while self._json is not None:
            await asyncio.sleep(FLUSH_SECONDS)
            self._json.flush()

    def stop(self) -> None:
        """Show what is left, and stop; a reader that does not read is not waited for."""
        self._end_log()
        if self._meter is not None:
            self._meter.tick()
            self._meter.tick()  # calls that waited for the end of a second
        if self._json is not None:
            self._json.flush()
        for output in self._list_outputs():
            output.stop()

    def _list_outputs(self) -> list[LineOutput[ShownLine] | LineOutput[bytes]]:
        outputs: list[LineOutput[ShownLine] | LineOutput[bytes]] = []
        if self.lines is not None:
            outputs.append(self.lines)
        return [*outputs, self._json.output] if self._json is not None else outputs


class AllWatches:
    """A `CallWatch` of several."""

    def __init__(self, watches: Sequence[CallWatch]) -> None:
        self._watches = watches

    def note_reply(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """Pass on an answered call."""
        for watch in self._watches:
            watch.note_reply(call, reply, at, duration)

    def note_call(self, call: SeenCall) -> None:
        """Pass on a call of another kind."""
        for watch in self._watches:
            watch.note_call(call)


def make_line_output(outputs: CallOutputs, redact: Redact) -> LineOutput[ShownLine] | None:
    """Return the output of lines for people; None if there is none."""
    renderer = outputs.renderer
    if outputs.lines is None or renderer is None:
        return None
    return LineOutput(outputs.lines, lambda line: renderer.render(line, redact), renderer.render_dropped)
