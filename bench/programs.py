"""The programs that a benchmark runs on loopback, such as an upstream, the gateway and mitmdump."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

START_SECONDS = 60.0
STOP_SECONDS = 10.0
LOOK_SECONDS = 0.005
LOG_CHARACTERS = 500
# Answers are JSON of about a kilobyte that contain their request, so that all bodies differ.
PADDING = "x" * 960

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  {log} keepalive_requests 100000000; {temporary}
  server {{
    listen 127.0.0.1:{port};
{locations}
  }}
}}
"""
LOCATIONS = """
    location = /large.bin {{ root {folder}; }}
    location / {{ default_type application/json; return 200 '{{"path": "$request_uri", "padding": "{padding}"}}'; }}
"""
NGINX_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True)
class Program:
    """A server that listens; `started` is the time from the start of its process to then, in seconds."""

    process: subprocess.Popen[bytes]
    port: int
    started: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def resident(self) -> int:
        """The resident memory of its processes, in bytes; shared pages count for each process."""
        return sum(process.memory_info().rss for process in _list_processes(self.process))

    @property
    def cpu_seconds(self) -> float:
        """The processor time of its processes so far."""
        return sum(sum(process.cpu_times()[:2]) for process in _list_processes(self.process))


def find_program(program: str) -> str | None:
    """Return the path of a program; also looks in /usr/sbin, where Debian installs nginx."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


@contextmanager
def run_upstream(folder: Path) -> Iterator[Program]:
    """Run nginx if it is installed, else a bare asyncio server."""
    if find_program("nginx"):
        with run_nginx(folder, LOCATIONS.format(folder=folder, padding=PADDING)) as program:
            yield program
    else:
        port = find_free_port()
        command = [sys.executable, "-m", "bench.load.upstream", str(port)]
        with run_program(command, port, folder / "upstream.log") as program:
            yield program


@contextmanager
def run_nginx(folder: Path, locations: str, log: str = "access_log off;") -> Iterator[Program]:
    """Run nginx with these locations, and with these directives for its log."""
    port, config = find_free_port(), folder / "nginx.conf"
    temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in NGINX_FOLDERS)
    config.write_text(NGINX.format(folder=folder, port=port, log=log, locations=locations, temporary=temporary))
    command = [find_program("nginx") or "nginx", "-p", str(folder), "-e", "stderr", "-c", str(config)]
    with run_program(command, port, folder / "upstream.log") as program:
        yield program


@contextmanager
def run_understudy(folder: Path, upstream_url: str) -> Iterator[Program]:
    """Run this gateway, recording to a store in the folder."""
    port = find_free_port()
    command = [
        sys.executable,
        "-c",
        "from understudy.proxy.cli import main; main()",
        "--store",
        str(store_file(folder)),
    ]
    command += ["record", "--upstream", upstream_url, "--session", "bench", "--listen", f"127.0.0.1:{port}"]
    with run_program(command, port, folder / "understudy.log") as program:
        yield program


@contextmanager
def run_mitmdump(folder: Path, upstream_url: str) -> Iterator[Program]:
    """Run mitmproxy's own recorder, which writes flows to a file in the folder."""
    port = find_free_port()
    command = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q"]
    command += ["--mode", f"reverse:{upstream_url}", "-w", str(folder / "flows"), "--set", f"confdir={folder}"]
    command += ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
    with run_program(command, port, folder / "mitmdump.log") as program:
        yield program


def store_file(folder: Path) -> Path:
    """Return the store of the gateway in this folder."""
    return folder / "understudy.db"


@contextmanager
def run_program(
    command: list[str],
    port: int,
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    ready: Callable[[], bool] | None = None,
) -> Iterator[Program]:
    """Run a server in the folder of its log until the block ends.

    The block starts when `ready` returns True, by default when the server listens on its port. Raises RuntimeError
    with the end of its log if it is not ready in time.
    """
    begun = time.perf_counter()
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, cwd=log.parent, env={**os.environ, **(environment or {})}
        )
    try:
        _wait_until(ready or (lambda: _listens(port)), process, log)
        yield Program(process, port, time.perf_counter() - begun)
    finally:
        _end(process)


def find_free_port() -> int:
    """Return a free TCP port of loopback."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return
        time.sleep(LOOK_SECONDS)
    output = " ".join(log.read_text(errors="replace").split())[-LOG_CHARACTERS:]
    ended = process.poll()
    problem = f"not ready after {START_SECONDS:.0f} s" if ended is None else f"ended with status {ended} at its start"
    # `args` is the list that the process was started with.
    raise RuntimeError(f"{Path(str(process.args[0])).name}: {problem}: {output or 'no output'}")  # type: ignore[index]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end(process: subprocess.Popen[bytes]) -> None:
    children = _list_processes(process)[1:]
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    process.kill()
    process.wait()
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def _list_processes(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        return [parent, *parent.children(recursive=True)]
    return []
