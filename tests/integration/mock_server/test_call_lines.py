"""What `mocks serve` shows of its calls, and that nobody who reads it slowly, or not at all, delays an answer."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.e2e.shop import call
from tests.programs import PATIENCE_SECONDS, Serving, Understudy, wait_for

LINE = re.compile(r"\d\d:\d\d:\d\d (\S+) +(\S+) +(\d+|---) +[\d.]+ m?s ?(.*)")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    understudy = Understudy(tmp_path_factory.mktemp("shop"))
    requests = ("GET /users/1 200 Ada", "POST /orders 201", "GET /long/{{rest}} 200")
    understudy.run("mocks", "create", "shop", *(part for one in requests for part in ("--request", one)))
    return understudy


def read_lines(text: str) -> list[tuple[str, str, int, str]]:
    """The calls that lines show: method, path, status, and what answered or why nothing did."""
    found = [LINE.fullmatch(line) for line in text.splitlines()]
    return [(each[1], each[2], int(each[3]), each[4]) for each in found if each]


def count_calls(text: str) -> int:
    """The number of calls that lines show, one by one or counted."""
    counted = re.findall(r"^\S+ ([\d,]+) calls?:", text, re.MULTILINE)
    return len(read_lines(text)) + sum(int(number.replace(",", "")) for number in counted)


def flood(serving: Serving, number: int, path: str = "/users/1") -> None:
    """Send requests on one connection, many at once, and wait for their answers; `path` may have their number."""
    requests = b"".join(f"GET {path.format(one)} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for one in range(number))
    with socket.create_connection(("127.0.0.1", serving.port), PATIENCE_SECONDS) as client:
        sending = threading.Thread(target=client.sendall, args=(requests,))
        sending.start()
        answers = 0
        while answers < number:
            data = client.recv(1 << 20)
            assert data
            answers += data.count(b"HTTP/1.1 ")
        sending.join()


def test_each_call_has_a_line(shop: Understudy) -> None:
    with shop.mocks_serving("shop") as serving:
        call(f"{serving.url}/users/1?token=secret")
        call(f"{serving.url}/nothing/here")
        wait_for(lambda: len(read_lines(serving.log)) == 2)
        hit, miss = read_lines(serving.log)
        assert hit == ("GET", "/users/1", 200, '"GET /users/1 - 200"')
        assert miss[:3] == ("GET", "/nothing/here", 404)
        assert re.fullmatch(r'no match: nearest is "GET [^"]+" \(\w+\): path differs', miss[3])
        assert "secret" not in serving.log
        assert "\x1b" not in serving.log


@pytest.mark.parametrize("workers", [1, 2])
def test_every_call_is_shown_or_counted(shop: Understudy, workers: int) -> None:
    with shop.mocks_serving("shop", "--workers", workers) as serving:
        for _ in range(4):
            flood(serving, 500)
        flood(serving, 3, "/nope")
    assert count_calls(serving.log) == 2_003
    assert [line[1] for line in read_lines(serving.log)].count("/nope") in (1, 3)  # counted ones have one line


def test_quiet_shows_none(shop: Understudy) -> None:
    with shop.mocks_serving("shop", "-q") as serving:
        call(f"{serving.url}/users/1")
    assert not read_lines(serving.log)


@pytest.mark.parametrize("workers", [1, 2])
def test_programs_get_every_call_as_a_line_of_json(shop: Understudy, tmp_path: Path, workers: int) -> None:
    file = tmp_path / "calls.json"
    with shop.mocks_serving("shop", "--workers", workers, "--json-log", file) as serving:
        for _ in range(4):
            flood(serving, 500)
        call(f"{serving.url}/nothing/here")
    calls = [json.loads(line) for line in file.read_text().splitlines()]
    assert [one["result"] for one in calls].count("answered") == 2_000
    (miss,) = [one for one in calls if one["result"] == "missed"]
    assert (miss["mock"], miss["path"], miss["status"], miss["example"]) == ("shop", "/nothing/here", 404, None)
    assert miss["note"].endswith("path differs")


def test_json_on_standard_output_has_it_for_itself(shop: Understudy) -> None:
    process = subprocess.Popen(
        shop.command("mocks", "serve", "shop", "--port", 0, "--json-log", "-", "-q"),
        env=shop.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr
        found = re.search(r"http://(\S+:\d+)", process.stderr.readline())
        assert found
        call(f"{found[0]}/users/1")
        process.terminate()
        output = process.communicate(timeout=PATIENCE_SECONDS)[0]
    finally:
        process.kill()
    assert [json.loads(line)["path"] for line in output.splitlines()] == ["/users/1"]


def test_a_json_log_that_cannot_be_written_is_a_mistake(shop: Understudy, tmp_path: Path) -> None:
    line = shop.mistake("mocks", "serve", "shop", "--json-log", tmp_path / "no" / "file")
    assert "--json-log: cannot write" in line


class Reader:
    """The reading end of a pipe, or the controlling end of a terminal, and what came from it."""

    def __init__(self, file: int) -> None:
        self.file = file
        self.data = b""
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _read(self) -> None:
        try:
            while data := os.read(self.file, 1 << 16):
                self.data += data
        except OSError:  # a terminal that nobody has open any more
            return


@contextmanager
def showing_on(shop: Understudy, file: int, *options: object, **environment: str) -> Iterator[Serving]:
    """`mocks serve` with its standard error on this descriptor."""
    log = shop.home / f"ready-{file}.log"
    with log.open("w") as ready:
        process = shop.start(
            "mocks", "serve", "shop", "--port", 0, *options, streams=(0, ready.fileno(), file), **environment
        )
    serving = Serving.wait_until_listening(process, log)
    try:
        yield serving
    finally:
        assert serving.stop() == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_reader_that_stops_delays_no_answer_and_no_end(shop: Understudy, workers: int) -> None:
    """Different misses fill the pipe; then every call is answered, and the program ends."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4_096)
    with showing_on(shop, writer, "--workers", workers) as serving:
        os.close(writer)
        flood(serving, 400, "/{}")
        flood(serving, 1_000)
    os.close(reader)


def test_a_reader_that_reads_again_gets_the_number_of_dropped_lines(shop: Understudy, tmp_path: Path) -> None:
    """Of the JSON log; every call is in it or counted."""
    fifo = tmp_path / "calls"
    os.mkfifo(fifo)
    with shop.mocks_serving("shop", "--json-log", fifo, "-q") as serving:
        reader = Reader(os.open(fifo, os.O_RDONLY))
        number = 12_000
        flood(serving, number, f"/long/{'a' * 450}")
        reader.start()

        def count() -> int:
            whole = reader.data.rpartition(b"\n")[0].splitlines()
            return sum(json.loads(line).get("dropped", 1) for line in whole)

        wait_for(lambda: count() == number)
        assert b'{"dropped": ' in reader.data


def test_a_reader_that_is_gone_ends_nothing(shop: Understudy) -> None:
    reader, writer = os.pipe()
    with showing_on(shop, writer) as serving:
        os.close(writer)
        os.close(reader)
        for _ in range(3):
            assert call(f"{serving.url}/users/1") == (200, b"Ada")


def test_a_full_disk_ends_nothing(shop: Understudy) -> None:
    with open("/dev/full", "wb") as full, showing_on(shop, full.fileno(), "--json-log", "/dev/full") as serving:
        for _ in range(3):
            assert call(f"{serving.url}/users/1") == (200, b"Ada")


@pytest.mark.parametrize(("environment", "is_colored"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_shows_colors_and_may_be_stopped(
    shop: Understudy, environment: dict[str, str], is_colored: bool
) -> None:
    """With Ctrl-S; what came meanwhile is shown after Ctrl-Q."""
    controller, terminal = pty.openpty()
    reader = Reader(controller)
    reader.start()
    with showing_on(shop, terminal, TERM="xterm", **environment) as serving:
        call(f"{serving.url}/users/1")
        wait_for(lambda: b"/users/1" in reader.data)
        termios.tcflow(terminal, termios.TCOOFF)
        for number in range(20):
            assert call(f"{serving.url}/stopped/{number}")[0] == 404
        assert b"/stopped/19" not in reader.data
        termios.tcflow(terminal, termios.TCOON)
        wait_for(lambda: b"/stopped/19" in reader.data)
    assert (b"\x1b[32m200\x1b[0m" in reader.data) is is_colored
    os.close(terminal)


def test_a_printer_of_workers_that_is_killed_is_replaced(shop: Understudy) -> None:
    with shop.mocks_serving("shop", "--workers", 2) as serving:
        first = min(child.pid for child in psutil.Process(serving.process.pid).children())
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: "the process that prints calls ended by itself" in serving.log)
        call(f"{serving.url}/users/1")
        wait_for(lambda: len(read_lines(serving.log)) == 1)


def test_the_lines_of_workers_stay_whole(shop: Understudy, understudy: Understudy) -> None:
    """Each line of a pipe that two workers write to is one call."""
    shutil.copy(shop.store, understudy.store)
    reader, writer = os.pipe()
    output = Reader(reader)
    output.start()
    with showing_on(understudy, writer, "--workers", 2, "--json-log", "/dev/stderr", "-q") as serving:
        os.close(writer)
        floods = [threading.Thread(target=flood, args=(serving, 500)) for _ in range(4)]
        for each in floods:
            each.start()
        for each in floods:
            each.join()
    wait_for(lambda: output.data.count(b"\n") == 2_000)
    assert {json.loads(line)["status"] for line in output.data.splitlines()} == {200}
