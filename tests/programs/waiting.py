"""Ports, and waiting for what happens elsewhere."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

# For a machine that is busy with other things: what is waited for comes in a moment, or a test is about to fail.
PATIENCE_SECONDS = 30.0


def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def probe(port: int) -> bool:
    """Whether something accepts connections on a port of loopback."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds; fails the test when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
