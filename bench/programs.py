"""The programs a benchmark starts: an upstream, the gateway, mitmdump. Loopback only, ended with the block."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

START_SECONDS = 30.0
STOP_SECONDS = 10.0
# Answers are JSON of about a kilobyte that name their request, so that no two bodies are the same.
PADDING = "x" * 960

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; {temporary}
  server {{
    listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{{"path": "$request_uri", "padding": "{padding}"}}'; }}
  }}
}}
"""
NGINX_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True)
class Program:
    """A server that listens."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def resident(self) -> int:
        """Its resident memory in bytes."""
        return int(psutil.Process(self.process.pid).memory_info().rss)


def installed(program: str) -> str | None:
    """The path of a program; Debian keeps nginx where a user's PATH does not look."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


@contextmanager
def upstream(folder: Path) -> Iterator[Program]:
    """nginx where it is installed, else a bare asyncio server."""
    port = _free_port()
    nginx = installed("nginx")
    if nginx is None:
        command = [sys.executable, "-m", "bench.upstream", str(port)]
    else:
        temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in NGINX_FOLDERS)
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, port=port, padding=PADDING, temporary=temporary))
        command = [nginx, "-p", str(folder), "-e", "stderr", "-c", str(config)]
    with _running(command, port, folder / "upstream.log") as program:
        yield program


@contextmanager
def understudy(folder: Path, upstream_url: str) -> Iterator[Program]:
    """This gateway, recording to a store in the folder."""
    port = _free_port()
    command = [sys.executable, "-c", "from proxy.cli import main; main()", "--store", str(store_file(folder))]
    command += ["record", "--upstream", upstream_url, "--session", "bench", "--listen", f"127.0.0.1:{port}"]
    with _running(command, port, folder / "understudy.log") as program:
        yield program


@contextmanager
def mitmdump(folder: Path, upstream_url: str) -> Iterator[Program]:
    """mitmproxy's own recorder, writing flows to a file in the folder."""
    port = _free_port()
    command = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q"]
    command += ["--mode", f"reverse:{upstream_url}", "-w", str(folder / "flows"), "--set", f"confdir={folder}"]
    command += ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
    with _running(command, port, folder / "mitmdump.log") as program:
        yield program


def store_file(folder: Path) -> Path:
    """Where the gateway of this folder keeps its history."""
    return folder / "understudy.db"


@contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[Program]:
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        _wait_until_listening(process, port, log)
        yield Program(process, port)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not listen: {log.read_text()}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
