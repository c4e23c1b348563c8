"""Real programs for tests: `understudy` as users start it, a gateway on a free port, upstreams in threads."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LISTENING = re.compile(r"Listening on https?://(\[?[^\s]+\]?:\d+)")
START_SECONDS = 30.0


@dataclass(frozen=True)
class Understudy:
    """The command line on a store of its own. `home` also takes the place of the user's data folder.

    `preamble` is Python that the program runs before it begins, for tests that watch it from within.
    """

    home: Path
    preamble: str = ""

    @property
    def store(self) -> Path:
        return self.home / "understudy.db"

    @property
    def ca(self) -> Path:
        """The certificate that clients trust; it is made when a gateway starts for the first time."""
        return self.home / "understudy" / "ca" / "mitmproxy-ca-cert.pem"

    @property
    def environment(self) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        return environment | {"UNDERSTUDY_STORE": str(self.store), "XDG_DATA_HOME": str(self.home), "COLUMNS": "200"}

    def command(self, *arguments: object) -> list[str]:
        return [
            sys.executable,
            "-c",
            f"{self.preamble}from understudy.proxy.console import main; main()",
            *map(str, arguments),
        ]

    def run(self, *arguments: object, code: int = 0, stdin: bytes = b"", **environment: str) -> str:
        """Run a command to its end; returns its standard output, asserts its exit code."""
        return self.output(*arguments, code=code, stdin=stdin, **environment).decode()

    def output(self, *arguments: object, code: int = 0, stdin: bytes = b"", **environment: str) -> bytes:
        """The same, for output that is no text."""
        environment = self.environment | environment
        command = self.command(*arguments)
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=60, env=environment, check=False)
        assert done.returncode == code, f"exit {done.returncode}: {done.stdout.decode()}{done.stderr.decode()}"
        return done.stdout

    def json(self, *arguments: object) -> Any:
        """What a command prints with --json."""
        return json.loads(self.run(*arguments, "--json"))

    def sql(self, question: str) -> Any:
        """The one value that SQLite answers to a question about the store, whatever a gateway does to it meanwhile."""
        with closing(sqlite3.connect(self.store)) as connection:
            return connection.execute(question).fetchone()[0]

    @property
    def intact(self) -> bool:
        """Whether SQLite finds nothing wrong with the store."""
        return bool(self.sql("pragma integrity_check") == "ok")

    def mistake(self, *arguments: object, **environment: str) -> str:
        """The one line of a command that fails with exit code 2; click puts the usage before it for its own."""
        environment = self.environment | environment
        command = self.command(*arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
        assert done.returncode == 2, f"exit {done.returncode}: {done.stdout}{done.stderr}"
        lines = done.stderr.splitlines()
        assert len(lines) == 1 or lines[0].startswith("Usage: "), done.stderr
        assert lines[-1].startswith("Error: "), done.stderr
        return lines[-1]

    @contextmanager
    def serving(self, *arguments: object, **environment: str) -> Iterator[Serving]:
        """A gateway command that runs on a free port until the block ends."""
        serving = Serving.start(self, *arguments, "--listen", "127.0.0.1:0", **environment)
        try:
            yield serving
        finally:
            serving.stop()

    @contextmanager
    def mocks_serving(self, *arguments: object, **environment: str) -> Iterator[Serving]:
        """`mocks serve` on a free port until the block ends; the one mock server that is named answers at its root."""
        serving = Serving.start(self, "mocks", "serve", *arguments, "--port", 0, **environment)
        try:
            yield serving
        finally:
            serving.stop()


class Serving:
    """A gateway process."""

    def __init__(self, process: subprocess.Popen[str], listen: str, output: Path) -> None:
        self.process = process
        self.listen = listen
        self.output = output

    @classmethod
    def start(cls, understudy: Understudy, *arguments: object, **environment: str) -> Serving:
        output = understudy.home / f"gateway-{time.monotonic_ns()}.log"
        with output.open("w") as file:
            process = subprocess.Popen(
                understudy.command(*arguments),
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
                env=understudy.environment | environment,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = LISTENING.search(output.read_text())
            if found:
                return cls(process, found[1], output)
            if process.poll() is not None:
                raise AssertionError(f"the gateway ended with {process.returncode}: {output.read_text()}")
            time.sleep(0.02)
        process.kill()
        raise AssertionError(f"the gateway did not start: {output.read_text()}")

    @property
    def url(self) -> str:
        return f"http://{self.listen}"

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @property
    def log(self) -> str:
        return self.output.read_text()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; returns its exit code. Killed, and the test failed, when it takes ten seconds."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise AssertionError(f"the gateway did not end: {self.log}") from None
        return self.process.returncode


Handle = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def upstream(handle: Handle, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """An HTTP/1.1 server in a thread; `handle` answers every request. Yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            handle(self)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def answer(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    """Read the request's body, then send an answer; header names are written with _ for -."""
    handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def probe(port: int) -> bool:
    """Whether something accepts connections on a port of loopback."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until a condition holds; fails the test when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
