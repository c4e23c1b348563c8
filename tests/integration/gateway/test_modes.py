"""Modes are switched while clients ask: every answer is wholly of one mode, and none is lost."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.integration.clients import Answer, Call, Wire
from tests.programs import PATIENCE_SECONDS, Serving, Understudy, answer, upstream, wait_for
from tests.proofs import choose
from understudy.proxy.operations.gateways.modes import choose_state, find_gateway
from understudy.store.model.gateways import Mode
from understudy.store.model.values import replace
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store
from understudy.store.sql.open_store import open_store

ITEMS = [Call(f"item {number}", f"/item/{number}") for number in range(8)]
ITEM = ITEMS[0]
EDITED = [Call("set", "/edited/1"), Call("in the editor", "/edited/2")]
UNKNOWN = Call("unknown", "/unknown")
SLOW = Call("slow", "/slow")
ENOUGH = 40


@dataclass
class Stage:
    """A running gateway in front of a live upstream, and a collection with `mock` in its answers in place of `live`."""

    understudy: Understudy
    gateway: Serving
    store: Store
    calls: Counter[str] = field(default_factory=Counter)
    slow_begun: threading.Event = field(default_factory=threading.Event)
    slow_may_end: threading.Event = field(default_factory=threading.Event)

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """The upstream: sends `live` in a field and in the body."""
        self.calls[handler.path] += 1
        if handler.path == SLOW.target:
            self.slow_begun.set()
            self.slow_may_end.wait(20)
        answer(handler, f"live {handler.path}".encode(), X_Mode="live")

    def switch(self, mode: str, **options: str) -> None:
        """As a person does: by the command."""
        self.understudy.run("mode", mode, *(word for name, value in options.items() for word in (f"--{name}", value)))

    def recorded(self, session: str) -> Counter[str]:
        """How often each target is in a session, all answers live ones."""
        wanted = HistoryFilter(session_id=self.store.sessions.find(session).id)
        return Counter(one.request.target.decode() for one in self.store.history.select(wanted))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gateway in record mode; its items are recorded to `first`, promoted to `shop`, and edited there."""
    understudy = Understudy(tmp_path_factory.mktemp("modes"))
    store = open_store(str(understudy.store))
    stages: list[Stage] = []
    with (
        upstream(lambda handler: stages[0].handle(handler)) as url,  # noqa: PLW0108 - it is filled later
        understudy.serving("record", "--upstream", url, "--session", "first") as gateway,
    ):
        stages.append(Stage(understudy, gateway, store))
        with Wire(gateway.url) as wire:
            assert {mode_of(wire.ask(call), call) for call in (*ITEMS, *EDITED)} == {"live"}
        understudy.run("promote", "--session", "first", "--to", "shop")
        for example in store.collections.list_examples(store.collections.find("shop").id):
            target = example.request.target
            headers = example.response.headers.replace("X-Mode", "mock")
            response = replace(example.response, headers=headers, body=b"mock " + target)
            store.collections.save_example(replace(example, response=response, edited=True))
        yield stages[0]
    store.close()


def mode_of(given: Answer, call: Call) -> str:
    """The mode that an answer is of, in its field and in its body."""
    assert given.status == 200
    [mode] = given.all("x-mode")
    assert given.body == f"{mode} {call.target}".encode()
    return mode


@dataclass
class Load:
    """A client that sends requests on one connection without a pause, `depth` at a time."""

    url: str
    depth: int
    seen: list[str] = field(default_factory=list)
    failure: Exception | None = None
    stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> threading.Thread:
        """In a thread of its own."""
        thread = threading.Thread(target=self.run)
        thread.start()
        return thread

    def run(self) -> None:
        """Until it is stopped."""
        items = itertools.cycle(ITEMS)
        try:
            with Wire(self.url) as wire:
                while not self.stopped.is_set():
                    calls = list(itertools.islice(items, self.depth))
                    wire.send(*calls)
                    self.seen += [mode_of(wire.receive(), call) for call in calls]
        except Exception as error:  # noqa: BLE001 - the test shows it
            self.failure = error


def test_switches_under_load_lose_and_mix_nothing(stage: Stage) -> None:
    """Keep-alive and pipelined connections cross record -> mock -> record; what was live is in history, once."""
    stage.switch("record", session="load")
    loads = [Load(stage.gateway.url, depth) for depth in (1, 1, 1, 4, 8, 16)]
    threads = [load.start() for load in loads]
    for mode, options, marker in (
        ("record", {"session": "load"}, "live"),
        ("mock", {"mock": "shop"}, "mock"),
        ("record", {"session": "load"}, "live"),
    ):
        stage.switch(mode, **options)
        before = [len(load.seen) for load in loads]
        with Wire(stage.gateway.url) as wire:
            assert mode_of(wire.ask(ITEM), ITEM) == marker
        wait_for(lambda before=before: all(enough(load, start) for load, start in zip(loads, before, strict=True)), 60)  # type: ignore[misc]
    for load, thread in zip(loads, threads, strict=True):
        load.stopped.set()
        thread.join()
    assert [load.failure for load in loads] == [None] * len(loads)
    for load in loads:
        assert [mode for mode, _ in itertools.groupby(load.seen)] == ["live", "mock", "live"]
    live = sum(load.seen.count("live") for load in loads)
    assert stage.recorded("load").total() == live + 2  # the two that were asked above


def enough(load: Load, start: int) -> bool:
    """Whether a client has seen the mode for a while, or cannot go on."""
    return len(load.seen) - start > ENOUGH or load.failure is not None


def test_a_request_ends_in_the_mode_it_started_in(stage: Stage) -> None:
    """One under way when the mode changes is forwarded to its end and recorded; the next on its connection is not."""
    stage.switch("record", session="slow")
    stage.slow_begun.clear()
    stage.slow_may_end.clear()
    with Wire(stage.gateway.url) as one, Wire(stage.gateway.url) as other:
        one.send(SLOW, ITEM)
        assert stage.slow_begun.wait(10)
        stage.switch("mock", mock="shop")
        assert mode_of(other.ask(ITEM), ITEM) == "mock"
        stage.slow_may_end.set()
        assert mode_of(one.receive(), SLOW) == "live"
        assert mode_of(one.receive(), ITEM) == "mock"
    assert stage.recorded("slow") == {SLOW.target: 1}


SOON_SECONDS = choose(1.0, PATIENCE_SECONDS)  # the machine may be busy when the whole suite runs


@pytest.mark.proof
def test_a_switch_is_seen_soon(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Measured from the moment the wish is in the store to the first answer of the new mode."""
    stage.switch("pass")  # what is asked before the first wish is seen must not be recorded
    gateway = find_gateway(stage.store, None)
    wishes = [
        (choose_state(stage.store, Mode.MOCK, mock="shop", session=None, upstream=None, actor="ada"), "mock"),
        (choose_state(stage.store, Mode.PASS, mock=None, session=None, upstream=None, actor="ada"), "live"),
    ]
    took = []
    with Wire(stage.gateway.url) as wire:
        for state, marker in wishes * 5:
            stage.store.gateways.set_state(gateway.id, state)
            begun = time.monotonic()
            wait_for(lambda marker=marker: mode_of(wire.ask(ITEM), ITEM) == marker)  # type: ignore[misc]
            took.append(time.monotonic() - begun)
    with capsys.disabled():
        print(f"\nswitch seen after {min(took) * 1000:.0f} to {max(took) * 1000:.0f} ms")  # noqa: T201
    assert max(took) < SOON_SECONDS


@pytest.mark.parametrize(
    ("mode", "options", "known", "unknown", "calls", "records"),
    [
        ("pass", {}, "live", "live", [ITEM, UNKNOWN], []),
        ("record", {"session": "table"}, "live", "live", [ITEM, UNKNOWN], [ITEM, UNKNOWN]),
        ("mock", {"mock": "shop"}, "mock", None, [], []),
        ("spy", {"mock": "shop", "session": "table"}, "mock", "live", [UNKNOWN], [UNKNOWN]),
        ("replay", {"session": "first"}, "live", None, [], []),
    ],
)
def test_a_mode_answers_calls_and_records_as_its_row_says(
    stage: Stage,
    mode: str,
    options: dict[str, str],
    known: str,
    unknown: str | None,
    calls: list[Call],
    records: list[Call],
) -> None:
    """A request with an example and one without: where the answer comes from, what is forwarded, and what is kept."""
    stage.switch("record", session="table")
    stage.switch(mode, **options)
    called, kept = stage.calls.copy(), stage.recorded("table")
    with Wire(stage.gateway.url) as wire:
        assert mode_of(wire.ask(ITEM), ITEM) == known
        missing = wire.ask(UNKNOWN)
    assert mode_of(missing, UNKNOWN) == unknown if unknown else missing.status == 404
    assert stage.calls - called == Counter(call.target for call in calls)
    assert stage.recorded("table") - kept == Counter(call.target for call in records)


def test_a_replay_starts_over_when_told_so(stage: Stage) -> None:
    """A switch to what the gateway does already begins the session anew; nothing else does."""
    with stage.understudy.serving("replay", "first", "--once", "--name", "once") as gateway, Wire(gateway.url) as wire:
        assert [wire.ask(ITEM).status, wire.ask(ITEM).status] == [200, 404]
        stage.understudy.run("mode", "replay", "--session", "first", "--gateway", "once")
        assert wire.ask(ITEM).status == 200
        wait_for(lambda: wire.ask(ITEM).status == 404)


def test_an_edited_example_is_the_next_answer(stage: Stage) -> None:
    """In mock mode, from the moment `examples set` returns, on a connection that was open before."""
    stage.switch("mock", mock="shop")
    call = EDITED[0]
    with Wire(stage.gateway.url) as wire:
        assert wire.ask(call).status == 200
        name = example_id(stage, call)
        for status, body in ((503, "busy"), (200, '{"back": true}')):
            stage.understudy.run(
                "examples", "set", name, "--status", status, "--body", body,
                "--header", f"X-Edited: {status}", "--remove-header", "X-Mode",
            )  # fmt: skip
            edited = wire.ask(call)
            assert (edited.status, edited.body) == (status, body.encode())
            assert (edited.all("x-edited"), edited.all("x-mode")) == ([str(status)], [])
            assert edited.all("content-length") == [str(len(body))]


def test_an_example_changed_in_the_editor_is_the_next_answer(stage: Stage, tmp_path: Path) -> None:
    """`examples edit` with an EDITOR that replaces words."""
    stage.switch("mock", mock="shop")
    call = EDITED[1]
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "path.write_text(path.read_text().replace('mock /edited/2', 'typed é').replace('\\n200 OK\\n', '\\n418\\n'))\n"
    )
    with Wire(stage.gateway.url) as wire:
        assert mode_of(wire.ask(call), call) == "mock"
        command = f"{sys.executable} {editor}"
        stage.understudy.run("examples", "edit", example_id(stage, call), EDITOR=command, VISUAL=command)
        edited = wire.ask(call)
    assert (edited.status, edited.body) == (418, "typed é".encode())


def example_id(stage: Stage, call: Call) -> str:
    """The id of the example that answers a call."""
    examples = stage.store.collections.list_examples(stage.store.collections.find("shop").id)
    return next(one.id for one in examples if one.request.target == call.target.encode())
