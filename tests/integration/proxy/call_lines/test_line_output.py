"""Writing lines to readers that are slow, gone or full."""

from __future__ import annotations

import errno
import os
import threading
import time
from typing import Any

import pytest

from tests.programs import wait_for
from understudy.proxy.call_lines import line_output
from understudy.proxy.call_lines.line_output import LineOutput

LINE = b"x" * 99 + b"\n"


class Pipe:
    """A pipe, and an output of lines to it."""

    def __init__(self, most_waiting: int = 100) -> None:
        self.reader, self.writer = os.pipe()
        self.output = LineOutput[bytes](self.writer, bytes, b"%d dropped\n".__mod__, most_waiting=most_waiting)
        self.output.start()

    def read_all(self) -> list[bytes]:
        """Close the writing end, and return the lines that are left."""
        os.close(self.writer)
        return read_lines(self.reader)


def read_lines(file: int) -> list[bytes]:
    """Return the lines up to the end, and close the file."""
    with os.fdopen(file, "rb") as reader:
        return reader.readlines()


@pytest.fixture
def pipe() -> Pipe:
    return Pipe()


def test_lines_are_written_in_order(pipe: Pipe) -> None:
    for number in range(50):
        pipe.output.put(b"%d\n" % number)
    pipe.output.stop()
    assert pipe.read_all() == [b"%d\n" % number for number in range(50)]


def test_a_line_is_written_while_nothing_follows_it(pipe: Pipe) -> None:
    pipe.output.put(b"first\n")
    assert os.read(pipe.reader, 100) == b"first\n"
    time.sleep(2 * line_output.PAUSE_SECONDS)  # the thread sleeps
    pipe.output.put(b"second\n")
    assert os.read(pipe.reader, 100) == b"second\n"


def test_a_reader_that_does_not_read_delays_nobody_and_what_is_dropped_is_counted(pipe: Pipe) -> None:
    number = 20_000  # a pipe takes 64 KB
    for _ in range(number):
        pipe.output.put(LINE)
    read: list[bytes] = []
    reading = threading.Thread(target=lambda: read.extend(read_lines(pipe.reader)))
    reading.start()
    pipe.output.put(LINE)
    pipe.output.stop(30)
    os.close(pipe.writer)
    reading.join()
    dropped = sum(int(line.split()[0]) for line in read if line.endswith(b" dropped\n"))
    whole = sum(line == LINE for line in read)
    assert whole + dropped == number + 1
    assert dropped > 0


def test_a_stopped_reader_does_not_hold_up_the_end(pipe: Pipe) -> None:
    pipe.output.put(LINE * 2_000)
    ended = threading.Thread(target=pipe.output.stop, args=(0.05,))
    ended.start()
    ended.join(10)
    assert not ended.is_alive()
    pipe.read_all()


def test_a_reader_that_is_gone_is_no_error(pipe: Pipe) -> None:
    os.close(pipe.reader)
    pipe.output.put(LINE)
    wait_for(lambda: pipe.output._is_broken)
    pipe.output.put(LINE)
    pipe.output.stop()
    os.close(pipe.writer)


def test_a_full_disk_loses_lines_but_no_further_ones(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that was cut off gets its end before the next one."""
    write, results = os.write, [3, OSError(errno.ENOSPC, "full"), OSError(errno.ENOSPC, "full")]

    def fill(file: int, data: Any) -> int:
        result = results.pop(0) if results else len(data)
        if isinstance(result, OSError):
            raise result
        return write(file, data[:result])

    monkeypatch.setattr(os, "write", fill)
    pipe.output.put(b"first\n")
    wait_for(lambda: not results)
    pipe.output.put(b"second\n")
    pipe.output.stop()
    assert pipe.read_all() == [b"fir\n", b"second\n", b"1 dropped\n"]


def test_a_descriptor_that_another_program_made_non_blocking_is_waited_for(pipe: Pipe) -> None:
    os.set_blocking(pipe.writer, False)
    read: list[bytes] = []
    for _ in range(90):
        pipe.output.put(LINE * 10, 10)
    reading = threading.Thread(target=lambda: read.extend(read_lines(pipe.reader)))
    reading.start()
    pipe.output.stop(30)
    os.close(pipe.writer)
    reading.join()
    assert len(read) == 900
