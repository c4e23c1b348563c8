"""Clients that wait for an answer: socket.io by polling, and a watch that is left early. Each event comes once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import socketio

from tests.e2e.clients.events_client import EVENTS
from tests.e2e.programs.test_run_command import Done, run
from tests.programs import Understudy, upstream

ROOT = str(Path(__file__).parents[3])
CLIENT = ("--", sys.executable, "-m", "tests.e2e.clients.events_client")
PAUSE_SECONDS = 0.02  # between events, so that each has a poll of its own


class ThreadingServer(ThreadingMixIn, WSGIServer):
    """A server that answers while a poll waits."""

    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    """A handler that prints nothing."""

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def serving_events() -> Iterator[str]:
    """A server of socket.io that sends three events to a client that asks for them. Yields its URL."""
    events = socketio.Server(async_mode="threading")

    def send_events(client: str, _: object) -> None:
        for number, name in enumerate(EVENTS):
            events.emit("news", (name, number), to=client)
            events.sleep(PAUSE_SECONDS)

    events.on("go", send_events)
    server = make_server("127.0.0.1", 0, socketio.WSGIApp(events), ThreadingServer, QuietHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        events.shutdown()


def run_client(understudy: Understudy, *arguments: object) -> Done:
    done = run(understudy, *arguments, *CLIENT, PYTHONPATH=f"{ROOT}:{':'.join(sys.path)}")
    assert done.code == 0, done.err
    return done


def test_socket_io_by_polling_gets_each_event_once(tmp_path: Path) -> None:
    """The poll that was under way when the client of the recording left is held open in the replay."""
    understudy = Understudy(tmp_path)
    with serving_events() as url:
        recorded = run_client(understudy, "record", "-s", "events", "--upstream", url)
    assert recorded.out.splitlines() == [f"{name} {number}" for number, name in enumerate(EVENTS)]
    replayed = run_client(understudy, "replay", "events", "--ignore-query", "t")
    assert (replayed.out, "had no answer" in replayed.err) == (recorded.out, False)


WATCH = """import os, urllib.request
with urllib.request.urlopen(os.environ["UNDERSTUDY_URL"] + "/watch", timeout=1) as answer:
    print(answer.readline(), answer.readline(), flush=True)
    if {waits}:
        try:
            print(answer.readline())
        except TimeoutError:
            print("nothing more")
"""


def test_a_watch_that_was_left_early_is_held_open(tmp_path: Path) -> None:
    """Its client got two events; the one of the replay waits for a third."""
    understudy, has_left = Understudy(tmp_path), threading.Event()

    def watch(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for line in (b"added\n", b"changed\n"):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            handler.wfile.flush()
        has_left.wait(10)

    with upstream(watch) as url:
        run(understudy, "record", "-s", "watch", "--upstream", url, "--", sys.executable, "-c", WATCH.format(waits=0))
        has_left.set()
    done = run(understudy, "replay", "watch", "--", sys.executable, "-c", WATCH.format(waits=1))
    assert done.out.splitlines() == ["b'added\\n' b'changed\\n'", "nothing more"]
