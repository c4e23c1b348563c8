"""A call as a line for people: time, method, path, status, duration, and what answered it or why nothing did."""

from __future__ import annotations

import time
from collections.abc import Callable

from understudy.proxy.call_lines.call_display import ShownLine
from understudy.proxy.call_lines.call_tally import CallTally
from understudy.proxy.cli.terminal_text import Styled, choose_status_style, render_line
from understudy.serving.seen_calls import CallResult, SeenCall

_METHOD_WIDTH, _PATH_WIDTH, _DURATION_WIDTH = 6, 32, 8
_PROBLEMS = (CallResult.MISSED, CallResult.FAILED, CallResult.LOST)


class CallText:
    """Renders calls and tallies as lines with their ends; it is a `LineRenderer`.

    `names_mocks`: calls may be to several mock servers, which are named. `explains`: lines show how the example was
    found.
    """

    def __init__(
        self, *, styled: bool, encoding: str = "utf-8", names_mocks: bool = False, explains: bool = False
    ) -> None:
        self._styled = styled
        self._explains = explains
        self._encoding = encoding
        self._names_mocks = names_mocks

    def render(self, line: ShownLine, redact: Callable[[str], str]) -> bytes:
        """Return a line; a text is a line already."""
        if isinstance(line, str):
            return self._encode(redact(line))
        return self._render_call(line, redact) if isinstance(line, SeenCall) else self._render_tally(line, redact)

    def render_dropped(self, number: int) -> bytes:
        """Return the line for a number of dropped lines."""
        noun = "line was" if number == 1 else "lines were"
        return self._encode(f"{format_clock(time.time())} {number:,} {noun} dropped: they were not read fast enough")

    def _render_call(self, call: SeenCall, redact: Callable[[str], str]) -> bytes:
        path = f"{call.mock} {call.path}" if call.mock and self._names_mocks else call.path
        status = "---" if call.status is None else str(call.status)
        return self._encode(
            Styled(format_clock(call.at), "dim"),
            f" {call.method:<{_METHOD_WIDTH}} {redact(path):<{_PATH_WIDTH}} ",
            Styled(status, choose_status_style(call.status)),
            Styled(f" {format_duration(call.duration):>{_DURATION_WIDTH}} ", "dim"),
            Styled(
                redact(describe_call(call, explains=self._explains)), "yellow" if call.result in _PROBLEMS else "dim"
            ),
        )

    def _render_tally(self, tally: CallTally, redact: Callable[[str], str]) -> bytes:
        text = f" {redact(describe_tally(tally))}"
        has_problems = tally.misses or tally.failed or tally.lost
        return self._encode(Styled(format_clock(time.time()), "dim"), Styled(text, "yellow") if has_problems else text)

    def _encode(self, *parts: str | Styled) -> bytes:
        return f"{render_line(*parts, styled=self._styled).rstrip()}\n".encode(self._encoding, "backslashreplace")


def describe_call(call: SeenCall, *, explains: bool = False) -> str:
    """Return what answered a call or became of it, in words; with `explains`, also how the example was found."""
    if call.result in _PROBLEMS:
        label = "no match" if call.result is CallResult.MISSED else str(call.result)
        return f"{label}: {call.note}" if call.note and call.note != label else label
    words = [f'"{call.example}"'] if call.example else []
    if explains and call.decision and call.decision != call.note:
        words.append(call.decision)
    if call.entry is not None:
        words.append(f"entry {call.entry}")
    if call.result in (CallResult.REFUSED, CallResult.CLOSED, CallResult.OPENED):
        words.append(str(call.result))
    return ", ".join([*words, call.note] if call.note else words)


def describe_tally(tally: CallTally) -> str:
    """Return the counts of calls in words: `98,412 calls: 98,400 with 200, 12 with 404; 12 misses`."""
    by_number = sorted(tally.statuses.items(), key=lambda item: -item[1])
    words = [", ".join(f"{number:,} with {status}" for status, number in by_number)]
    for number, noun in ((tally.misses, "miss"), (tally.failed, "failed"), (tally.lost, "lost")):
        if number:
            words.append(f"{number:,} {'misses' if noun == 'miss' and number != 1 else noun}")
    if tally.unshown_misses:
        words.append(f"{tally.unshown_misses:,} different misses not shown")
    if tally.slowest:
        slowest = tally.slowest
        words.append(f"slowest {format_duration(slowest.duration)}, {slowest.method} {slowest.path}")
    return f"{tally.calls:,} {'call' if tally.calls == 1 else 'calls'}: {'; '.join(words)}"


def format_clock(seconds: float) -> str:
    """Return the local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def format_duration(seconds: float) -> str:
    """Return a duration with three digits at most: `0.04 ms`, `12 ms`, `1.5 s`, `75 s`."""
    milliseconds = seconds * 1000
    if milliseconds < 1:
        return f"{milliseconds:.2f} ms"
    if milliseconds < 10:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds:.0f} s"
