"""The log for programs: a line of JSON for every call."""

from __future__ import annotations

import json
import os
from typing import Any

from tests.factories.messages import make_response
from understudy.proxy.call_lines.json_log import JsonLog
from understudy.proxy.call_lines.line_output import ATOMIC_BYTES
from understudy.serving.answers.replies import Reply, make_reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.seen_calls import CallResult, SeenCall
from understudy.store.model.values import replace

REPLY = replace(make_reply(make_response(), summary=""), is_cacheable=True, example_id="1", example_name="one")
MISS = replace(make_reply(make_response(404), summary="no match"), miss="nearest is \u202e none")


class Log(JsonLog):
    """A log, and what it wrote."""

    def __init__(self) -> None:
        self._reader, writer = os.pipe()
        super().__init__(writer, lambda text: text.replace("hush", "[redacted]"))
        self._writer = writer

    def read(self) -> list[bytes]:
        self.flush()
        self.output.start()
        self.output.stop()
        os.close(self._writer)
        with os.fdopen(self._reader, "rb") as reader:
            return reader.read().splitlines()

    def read_json(self) -> list[Any]:
        return [json.loads(line) for line in self.read()]


def get(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def test_a_line_has_everything_about_a_call() -> None:
    log = Log()
    log.note_reply(get("/users/1?page=2"), REPLY, 1_700_000_000.25, 0.0123)
    (line,) = log.read_json()
    assert line.pop("at").startswith("2023-11-1")
    assert line == {
        "milliseconds": 12.3,
        "method": "GET",
        "path": "/users/1",
        "status": 200,
        "result": "answered",
        "mock": None,
        "example": "one",
        "example_id": "1",
        "entry": None,
        "note": None,
        "decision": None,
    }


def test_equal_requests_with_another_answer_have_another_line() -> None:
    log = Log()
    request = RawRequest("GET", b"/a", (), b"", "HTTP/1.1", True)
    replies: list[Reply] = [REPLY, MISS, MISS, replace(REPLY, example_id="2")]
    for reply in replies:
        log.note_reply(request, reply, 0.0, 0.0)
        log.note_reply(get("/a"), reply, 0.0, 0.0)
    assert [line["example_id"] for line in log.read_json()] == ["1", "1", None, None, None, None, "2", "2"]


def test_a_miss_has_its_reason_escaped_and_without_secrets() -> None:
    log = Log()
    log.note_reply(get("/hush"), MISS, 0.0, 0.0)
    (line,) = log.read_json()
    assert (line["result"], line["path"], line["note"]) == ("missed", "/[redacted]", "nearest is %E2%80%AE none")


def test_a_line_fits_into_one_write() -> None:
    log = Log()
    log.note_call(SeenCall(0.0, 0.0, "GET", "/\x1b" * 400, None, CallResult.FAILED, note="\u20ac" * 300))
    log.note_call(SeenCall(0.0, 0.0, "GET", "/\u20ac" * 250, None, CallResult.FAILED, note="\u20ac" * 300))
    assert [len(line) < ATOMIC_BYTES for line in log.read()] == [True, True]
