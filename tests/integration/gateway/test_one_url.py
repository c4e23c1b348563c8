"""One URL with many answers: each request gets its own, when it was recorded, promoted, and mocked or spied on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import pytest

from tests.integration.clients import Answer, Call, Fields, Wire
from tests.programs import Understudy, upstream

FILE = b"ABCDEFGHIJKLMNOPQRST"
JSON = {"Content_Type": "application/json"}
FORM = {"Content_Type": "application/x-www-form-urlencoded"}


def call(name: str, target: str, body: object = None, **fields: str) -> Call:
    """Return a call, a POST if it has a body."""
    if body is None:
        return Call(name, target, headers=name_fields(fields))
    kind = FORM if isinstance(body, str) else JSON
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Call(name, target, "POST", name_fields(kind | fields), body=raw)


def name_fields(fields: Mapping[str, str]) -> Fields:
    """Return header fields, with - for _ in their names."""
    return tuple((name.replace("_", "-"), value) for name, value in fields.items())


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **fields: str) -> None:
    """Send an answer to a request whose body was read."""
    handler.send_response(status)
    for name, value in name_fields({**fields, "Content-Length": str(len(body))}):
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def rpc(number: int, method: str) -> dict[str, object]:
    """Return a JSON-RPC message."""
    return {"jsonrpc": "2.0", "id": number, "method": method}


RECORDED = [
    call("posts", "/posts/1"),
    call("search", "/search?q=cats"),
    call("query a", "/graphql", {"query": "{ a }"}),
    call("query b", "/graphql", {"query": "{ b }"}),
    call("add", "/rpc", rpc(1, "add")),
    call("subtract", "/rpc", rpc(2, "subtract")),
    call("list", "/aws", "Action=List&Version=1"),
    call("drop", "/aws", "Action=Drop&Version=1"),
    call("csv", "/report", Accept="text/csv"),
    call("json", "/report", Accept="application/json"),
    call("start", "/file", Range="bytes=0-9"),
    call("end", "/file", Range="bytes=10-19"),
    call("fresh", "/tagged"),
    call("known", "/tagged", If_None_Match='"v1"'),
]


@dataclass
class Api:
    """The API, and how often each target was asked for."""

    calls: Counter[str] = field(default_factory=Counter)

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer with what was asked."""
        self.calls[handler.path] += 1
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if handler.path == "/file":
            first, last = map(int, handler.headers["Range"].removeprefix("bytes=").split("-"))
            send(handler, FILE[first : last + 1], status=206, Content_Range=f"bytes {first}-{last}/20")
        elif handler.path == "/tagged":
            is_known = handler.headers.get("If-None-Match") == '"v1"'
            send(handler, b"" if is_known else b"tagged", status=304 if is_known else 200, ETag='"v1"')
        elif handler.path == "/rpc":
            message = json.loads(body)
            send(handler, json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": message["method"]}).encode())
        else:
            send(handler, b" ".join((handler.path.encode(), handler.headers.get("Accept", "").encode(), body)))


@dataclass
class Recorded:
    """A promoted recording of the API, which still runs."""

    understudy: Understudy
    api: Api
    url: str
    answers: dict[str, Answer]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Record all calls and promote them."""
    understudy, api = Understudy(tmp_path_factory.mktemp("one_url")), Api()
    with upstream(api.handle) as url:
        with understudy.serving("record", "--upstream", url, "--session", "all") as gateway, Wire(gateway.url) as wire:
            answers = {each.name: wire.ask(each) for each in RECORDED}
        understudy.run("promote", "--session", "all", "--to", "all")
        yield Recorded(understudy, api, url, answers)


@pytest.mark.parametrize("mode", [("mock", "all"), ("replay", "all")])
def test_each_request_gets_its_own_answer(recorded: Recorded, mode: tuple[str, str]) -> None:
    """The answers are those of the API, in any order."""
    with recorded.understudy.serving(*mode) as gateway, Wire(gateway.url) as wire:
        for each in reversed(RECORDED):
            found, expected = wire.ask(each), recorded.answers[each.name]
            assert (each.name, found.status, found.body) == (each.name, expected.status, expected.body)


def test_what_was_not_recorded_is_no_other_answer(recorded: Recorded) -> None:
    """An operation or a range that nobody recorded is a miss; JSON-RPC carries the id of the request."""
    with recorded.understudy.serving("mock", "all") as gateway, Wire(gateway.url) as wire:
        assert wire.ask(call("query c", "/graphql", {"query": "{ c }"})).status == 404
        assert wire.ask(call("multiply", "/rpc", rpc(3, "multiply"))).status == 404
        assert wire.ask(call("create", "/aws", "Action=Create")).status == 404
        assert wire.ask(call("across", "/file", Range="bytes=5-14")).status == 404
        assert wire.ask(call("inside", "/file", Range="bytes=12-13")).body == FILE[12:14]
        assert [wire.ask(call("fresh", "/tagged")).status for _ in range(3)] == [200] * 3
        assert json.loads(wire.ask(call("add", "/rpc", rpc(77, "add"))).body) == {
            "jsonrpc": "2.0",
            "id": 77,
            "result": "add",
        }


@pytest.mark.parametrize(("mode", "shown"), [("mock", 'path="as it is"'), ("replay", 'entry 1; path="as it is"')])
def test_an_answer_names_its_example_where_that_is_asked_for(recorded: Recorded, mode: str, shown: str) -> None:
    """`--explain-header` adds a header; without it, an answer is what was recorded."""
    for option in ([], ["--explain-header"]):
        with recorded.understudy.serving(mode, "all", *option) as gateway, Wire(gateway.url) as wire:
            found = wire.ask(RECORDED[0]).all("x-understudy-example")
        assert [shown in each for each in found] == [True] * len(option)


@pytest.mark.parametrize(
    "asked",
    [
        call("post 2", "/posts/2"),
        call("dogs", "/search?q=dogs"),
        call("query c", "/graphql", {"query": "{ c }"}),
        call("html", "/graphql", {"query": "{ a }", "variables": {"x": 1}}),
        call("across", "/file", Range="bytes=5-14"),
    ],
    ids=lambda one: one.name,
)
def test_a_spy_asks_the_api_for_what_no_example_fits(recorded: Recorded, asked: Call) -> None:
    """The API answers, and the exchange is recorded."""
    options = ["--mock", "all", "--upstream", recorded.url, "--session", asked.name]
    with recorded.understudy.serving("gateway", "--mode", "spy", *options) as gateway:
        before = recorded.api.calls[asked.target]
        with Wire(gateway.url) as wire:
            known = wire.ask(RECORDED[0])
            found = wire.ask(asked)
    assert known.body == recorded.answers["posts"].body
    assert found.status in (200, 206)
    assert recorded.api.calls[asked.target] == before + 1
    shown = recorded.understudy.run("sessions", "show", asked.name)
    assert shown.count(f"{recorded.url}{asked.target}") == 1
