"""The addon inside stock mitmproxy: `mitmdump -s "$(understudy addon-path)"` records, answers, and takes commands."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.integration.clients import Answer, Call, Route, Wire, ask_curl, ask_requests
from tests.programs import Understudy, answer, free_port, probe, upstream, wait_for
from understudy.store.repositories.history import HistoryFilter
from understudy.store.sql.open_store import open_store

ITEM = Call("item", "/item")
OTHER = Call("other", "/other?a=1&a=2")
MISS = Call("miss", "/miss")

# A user's script: it runs the command of mitmproxy that a request names, and responds with the result.
DRIVER = """
from mitmproxy import ctx, exceptions, http

seen = []

def request(flow):
    words = flow.request.headers.get("X-Command", "").split()
    if not words:
        return
    try:
        if words[0] == "understudy.promote":
            ctx.master.commands.call(words[0], seen, words[1])
        else:
            ctx.master.commands.execute(" ".join(words))
    except exceptions.CommandError as error:
        flow.response = http.Response.make(409, str(error))
    else:
        flow.response = http.Response.make(200, "done")

def response(flow):
    if "X-Command" not in flow.request.headers:
        seen.append(flow)
"""


@dataclass(frozen=True)
class Mitmdump:
    """A running mitmdump with the addon."""

    url: str
    output: Path

    @property
    def log(self) -> str:
        """Return its output so far."""
        return self.output.read_text()

    def command(self, text: str) -> Answer:
        """Have the script run a command of mitmproxy."""
        with Wire(self.url) as wire:
            return wire.ask(Call("command", "/", headers=(("X-Command", text),)))


def mitmdump(understudy: Understudy, port: int, *arguments: str, **options: str) -> list[str]:
    """Return the command line; the options are those of the addon."""
    addon = understudy.run("addon-path").strip()
    words = ["-s", addon, "-p", str(port), "--listen-host", "127.0.0.1", "--set", f"confdir={understudy.ca.parent}"]
    for name, value in options.items():
        words += ["--set", f"understudy_{name}={value}"]
    return [str(Path(sys.executable).with_name("mitmdump")), *words, *arguments]


@contextmanager
def running(understudy: Understudy, *arguments: str, **options: str) -> Iterator[Mitmdump]:
    """Run mitmdump on a free port until the block ends; it must not log an exception."""
    port = free_port()
    output = understudy.home / f"mitmdump-{port}.log"
    with output.open("w") as file:
        command = mitmdump(understudy, port, *arguments, **options)
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=understudy.environment)
    try:
        wait_for(lambda: probe(port) or process.poll() is not None, 30)
        assert process.poll() is None, output.read_text()
        yield Mitmdump(f"http://127.0.0.1:{port}", output)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    assert "Traceback" not in output.read_text()


@dataclass(frozen=True)
class Recording:
    """Recordings of mitmdump as a reverse and as a forward proxy, and the responses that the clients got."""

    understudy: Understudy
    upstream: str
    answers: dict[str, Answer]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Two sessions of an upstream that has stopped since; the first is promoted to the collection `shop`."""
    understudy = Understudy(tmp_path_factory.mktemp("stock"))
    with upstream(lambda handler: answer(handler, f"live {handler.path}".encode(), X_Many="1")) as url:
        with running(understudy, "--mode", f"reverse:{url}", mode="record", session="reverse") as reverse:
            answers = {call.name: ask_curl(reverse.url, call) for call in (ITEM, OTHER)}
        with running(understudy, mode="record", session="forward") as forward:
            assert ask_requests(url, ITEM, Route(forward.url)).status == 200
    understudy.run("promote", "--session", "reverse", "--to", "shop", "--keep-secrets")
    return Recording(understudy, url, answers)


def test_requests_that_mitmdump_forwards_are_in_history(recording: Recording) -> None:
    """As a reverse and as a forward proxy, each in the session that was named."""
    store = open_store(str(recording.understudy.store))
    kept = {
        name: [
            (one.request.target.decode(), str(one.request.origin), one.has_failed)
            for one in store.history.select(HistoryFilter(session_id=store.sessions.find(name).id))
        ]
        for name in ("reverse", "forward")
    }
    store.close()
    assert kept == {
        "reverse": [(call.target, recording.upstream, False) for call in (ITEM, OTHER)],
        "forward": [(ITEM.target, recording.upstream, False)],
    }


@pytest.mark.parametrize("options", [{"mode": "mock", "mock": "shop"}, {"mode": "replay", "session": "reverse"}])
def test_mitmdump_answers_without_the_upstream(recording: Recording, options: dict[str, str]) -> None:
    """As a reverse and as a forward proxy; what was not recorded is a miss."""
    with running(recording.understudy, "--mode", f"reverse:{recording.upstream}", **options) as reverse:
        for call in (ITEM, OTHER, ITEM):
            assert ask_curl(reverse.url, call).undated == recording.answers[call.name].undated
        assert ask_curl(reverse.url, MISS).status == 404
    with running(recording.understudy, **options) as forward:
        route = Route(forward.url)
        assert ask_requests(recording.upstream, ITEM, route).undated == recording.answers["item"].undated
        assert ask_requests(recording.upstream, MISS, route).status == 404
        assert ask_requests("http://nowhere.invalid", ITEM, route).status == 404


ODD = (
    b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nodd\r\n0\r\nChecksum: 1\r\n\r\n"
)


def test_parts_that_mitmproxy_cannot_forward_are_dropped(understudy: Understudy) -> None:
    """mitmproxy alone hangs at trailers and takes a 103 for the response; the exchange is marked as degraded."""

    def handle(handler: BaseHTTPRequestHandler) -> None:
        for byte in ODD:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()

    with (
        upstream(handle) as url,
        running(understudy, "--mode", f"reverse:{url}", mode="record", session="odd") as gateway,
    ):
        answers = [ask_curl(gateway.url, ITEM) for _ in range(2)]
    assert [(one.status, one.body) for one in answers] == [(200, b"odd")] * 2
    entries = [understudy.json("history", "show", entry["id"]) for entry in understudy.json("history", "list")]
    assert [one["degraded"] for one in entries] == [
        "an informational response (103) was dropped; trailers were dropped"
    ] * 2


def test_commands_promote_and_switch(understudy: Understudy, tmp_path: Path) -> None:
    """`understudy.promote` keeps flows that were not recorded; `understudy.mode` refuses a wrong mode."""
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    with (
        upstream(lambda handler: answer(handler, b"live")) as url,
        running(understudy, "-s", str(script), "--mode", f"reverse:{url}", mock="shop") as gateway,
    ):
        assert ask_curl(gateway.url, ITEM).body == b"live"
        assert gateway.command("understudy.promote shop").status == 200
        wait_for(lambda: "promoted to shop: 1 new example" in gateway.log)
        name = understudy.json("examples", "list", "shop")[0]["id"]
        understudy.run("examples", "set", name, "--body", "mocked")
        assert gateway.command("understudy.mode mock").status == 200
        assert ask_curl(gateway.url, ITEM).body == b"mocked"
        assert ask_curl(gateway.url, MISS).status == 404
        refused = gateway.command("understudy.mode nonsense")
        assert (refused.status, b"there is no mode 'nonsense'" in refused.body) == (409, True)
        assert ask_curl(gateway.url, ITEM).body == b"mocked"
        assert gateway.command("understudy.mode record").status == 200
        assert ask_curl(gateway.url, MISS).body == b"live"
    assert [one["url"] for one in understudy.json("history", "list")] == [f"{url}/item", f"{url}/miss"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"mode": "nonsense"}, "there is no mode 'nonsense'; the modes are pass, record, mock, spy, replay"),
        ({"mode": "replay", "session": "nonsense"}, "there is no session 'nonsense'"),
        ({"mode": "mock"}, "mode mock needs a mock server or a collection"),
    ],
    ids=["mode", "session", "no collection"],
)
def test_a_wrong_option_ends_mitmdump_with_one_clear_line(
    understudy: Understudy, options: dict[str, str], reason: str
) -> None:
    """Exit code 1, the reason, and no traceback."""
    command = mitmdump(understudy, free_port(), **options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=understudy.environment, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert reason in output
    assert "Traceback" not in output


def test_a_mitmproxy_that_lacks_a_name_ends_mitmdump_with_one_clear_line(
    understudy: Understudy, tmp_path: Path
) -> None:
    """Exit code 1, the name and the tested versions, and no traceback."""
    script = tmp_path / "remove.py"
    script.write_text("from mitmproxy.proxy.server import ConnectionHandler\n\ndel ConnectionHandler.drain_writers\n")
    command = mitmdump(understudy, free_port(), mode="record")
    done = subprocess.run(
        [command[0], "-s", str(script), *command[1:]],
        capture_output=True,
        text=True,
        timeout=60,
        env=understudy.environment,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert "has no mitmproxy.proxy.server.ConnectionHandler.drain_writers(self): this version of Understudy" in output
    assert "Traceback" not in output


def test_mitmdump_records_without_secrets(tmp_path: Path) -> None:
    understudy = Understudy(tmp_path)
    secret = Call("secret", "/item?pin=sesame-query", headers=(("X-Api-Key", "sesame-header"),))
    with (
        upstream(lambda handler: answer(handler, b'{"password": "sesame-answer"}')) as url,
        running(understudy, "--mode", f"reverse:{url}", mode="record", session="s", redact="true") as mitmdump,
    ):
        assert b"sesame-answer" in ask_curl(mitmdump.url, secret).body
    assert not any(b"sesame" in path.read_bytes() for path in tmp_path.glob("understudy.db*"))
    shown = understudy.run("history", "show", "1")
    assert "Redacted when it was recorded: X-Api-Key header, pin query value" in shown
