"""The process that prints the lines of several worker processes: its limits hold for all of them together.

Workers send it their calls and tallies over a pipe, as lines of JSON that are small enough to stay whole.
"""

from __future__ import annotations

import os
import select
import time

import msgspec

from understudy.proxy.call_lines.call_display import CallOutputs, Redact, ShownLine, make_line_output
from understudy.proxy.call_lines.call_meter import CallMeter
from understudy.proxy.call_lines.call_tally import CallTally
from understudy.proxy.call_lines.line_output import LineOutput
from understudy.serving.seen_calls import SeenCall

_READ_BYTES = 64 * 1024
_SECOND = 1.0


class DroppedLines(msgspec.Struct, frozen=True, tag=True):
    """A number of lines that a worker dropped, because the pipe was full."""

    number: int


_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(SeenCall | CallTally | DroppedLines | str).decode


def make_relay(pipe: int) -> LineOutput[ShownLine]:
    """Return the output of a worker, which sends its lines to the printer."""
    return LineOutput(pipe, lambda line: _encode(line) + b"\n", lambda number: _encode(DroppedLines(number)) + b"\n")


class LinePrinter:
    """Prints what comes from a pipe until all workers have closed it."""

    def __init__(self, pipe: int, outputs: CallOutputs, redact: Redact) -> None:
        self._pipe = pipe
        lines = make_line_output(outputs, redact)
        assert lines is not None, "it prints"
        self._lines = lines
        self._meter = CallMeter(lines.put)
        self._rest = b""

    def run(self) -> None:
        """Print until the pipe ends."""
        self._lines.start()
        due = time.monotonic() + _SECOND
        while True:
            seconds = due - time.monotonic()
            if seconds <= 0:
                self._meter.tick()
                due += _SECOND
                continue
            if select.select([self._pipe], [], [], seconds)[0] and not self._read():
                break
        self._meter.tick()
        self._meter.tick()
        self._lines.stop()

    def _read(self) -> bool:
        data = os.read(self._pipe, _READ_BYTES)
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._note(_decode(line))
        return bool(data)

    def _note(self, line: SeenCall | CallTally | DroppedLines | str) -> None:
        if isinstance(line, SeenCall):
            self._meter.note_call(line)
        elif isinstance(line, CallTally):
            self._meter.note_tally(line)
        elif isinstance(line, str):
            self._lines.put(line)
        else:
            self._lines.note_dropped(line.number)
