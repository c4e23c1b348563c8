"""The demo: record a sample API, promote the session, stop the API, and get the same answers from mock and replay."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(".demo")
CALLS = [
    ("GET", "/users", b""),
    ("GET", "/users?page=2", b""),
    ("GET", "/users/1", b""),
    ("GET", "/users/9", b""),
    ("GET", "/orders/7", b""),
    ("GET", "/orders/7", b""),
    ("GET", "/orders/7", b""),
    ("POST", "/orders", b'{"user": 1, "item": "tea"}'),
    ("GET", "/me", b""),
    ("GET", "/report.csv", b""),
]
START_SECONDS = 20.0
OWN_API = """
The same steps with your own API:
  {program} record --upstream https://api.example.com --session first     (then call http://127.0.0.1:8080)
  {program} promote --session first --to my-api
  {program} mock my-api                                                   (the same calls, without the API)"""


@dataclass(frozen=True)
class Answer:
    """An answer as a client gets it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def main() -> int:
    """Run the six steps; return 1 if an answer differs."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    api, gateway = free_port(), free_port()
    with running([sys.executable, "-m", "demo.sample_api", str(api)], api):
        report("1. started", f"a sample API on http://127.0.0.1:{api}")
        with running(
            [*understudy("record", "--upstream", f"http://127.0.0.1:{api}", "-s", "demo"), *at(gateway)], gateway
        ):
            recorded = call_all(gateway)
        report("2. recorded", f"{len(recorded)} calls through the gateway into session demo of {store()}")
    promoted = subprocess.run(understudy("promote", "-s", "demo", "--to", "demo"), check=True, capture_output=True)
    report("3. promoted", promoted.stdout.decode().splitlines()[0])
    report("4. stopped", f"the sample API; a connection to port {api}: {probe(api)}")
    with running([*understudy("mock", "demo", "--no-shift-dates"), *at(gateway)], gateway):
        same = compare("5. mocked", "from the examples of collection demo", recorded, call_all(gateway))
    with running([*understudy("replay", "demo", "--no-shift-dates"), *at(gateway)], gateway):
        same = compare("6. replayed", "from session demo", recorded, call_all(gateway)) and same
    print(OWN_API.format(program=os.path.relpath(understudy()[0])))
    return 0 if same else 1


def understudy(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("understudy")), *arguments]


def at(port: int) -> list[str]:
    return ["--listen", f"127.0.0.1:{port}"]


def store() -> Path:
    return FOLDER / "understudy.db"


def report(step: str, what: str) -> None:
    print(f"{step:<12} {what}", flush=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """Run a program that accepts connections on a port until the block ends; its output goes to a log file."""
    with (FOLDER / "programs.log").open("ab") as log:
        program = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while probe(port) != "connected":
            if program.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{' '.join(command)} did not start; see {FOLDER / 'programs.log'}")
            time.sleep(0.05)
        yield
    finally:
        program.terminate()
        program.wait(START_SECONDS)


def probe(port: int) -> str:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return "connected"
    except OSError as error:
        return (error.strerror or str(error)).lower()


def call_all(port: int) -> list[Answer]:
    """Make the calls over one connection, as a client program would."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    answers = []
    for method, target, body in CALLS:
        connection.request(method, target, body or None, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        answers.append(Answer(response.status, response.getheaders(), response.read()))
    connection.close()
    return answers


def compare(step: str, source: str, recorded: list[Answer], answered: list[Answer]) -> bool:
    """Print how many answers are the same to the byte (status, headers and body); return whether all are."""
    different = [call for call, was, now in zip(CALLS, recorded, answered, strict=True) if was != now]
    report(step, f"{len(CALLS) - len(different)} of {len(CALLS)} answers {source} are the same to the byte")
    for method, target, _ in different:
        print(f"             different: {method} {target}")
    return not different


if __name__ == "__main__":
    os.environ["UNDERSTUDY_STORE"] = str(store())
    sys.exit(main())
