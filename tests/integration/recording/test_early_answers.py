"""An upload that an API refuses before it was sent: recorded, and replayed without it."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.programs import Understudy

REFUSAL = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large"


@contextmanager
def refusing() -> Iterator[str]:
    """A server that answers each request as soon as its head has come."""

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(2)
                received = b""
                while b"\r\n\r\n" not in received:
                    received += peer.recv(65536)
                peer.sendall(REFUSAL)
                try:
                    while peer.recv(65536):
                        pass
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def put(url: str, file: Path, *options: str) -> str:
    """Upload a file; return the body of the answer and its status."""
    command = ["curl", "-sS", "-m", "20", "-w", " %{http_code}", *options, "-T", str(file), f"{url}/up"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("options", [(), ("-H", "Expect:")], ids=["100-continue", "sent at once"])
def test_a_refused_upload_is_replayed(understudy: Understudy, tmp_path: Path, options: tuple[str, ...]) -> None:
    """What was sent of the body is compared; an upload that begins otherwise is a miss, if any of it was sent."""
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_bytes(b"z" * 3_000_000)
    other.write_bytes(b"y" * 3_000_000)
    with refusing() as url, understudy.serving("record", "--upstream", url, "-s", "upload") as gateway:
        assert put(gateway.url, file, *options) == "too large 413"
    with understudy.serving("replay", "upload") as gateway:
        assert put(gateway.url, file, *options) == "too large 413"
        if options:
            assert put(gateway.url, other, *options).endswith(" 404")
