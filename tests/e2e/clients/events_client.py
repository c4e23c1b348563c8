"""A socket.io client that polls: it prints each event, and leaves while its last poll is under way."""

from __future__ import annotations

import os
import sys
import threading

import socketio

EVENTS = ["one", "two", "three"]
# Long enough for an event that comes again: without a hold, it comes some hundred times.
LISTEN_SECONDS = 0.5


def main() -> None:
    """Connect to `UNDERSTUDY_URL`, ask for the events, and print them as they come."""
    client, has_all = socketio.Client(reconnection=False), threading.Event()

    def print_event(name: str, number: int) -> None:
        print(name, number, flush=True)  # noqa: T201 - the test reads this
        if name == EVENTS[-1]:
            has_all.set()

    client.on("news", print_event)
    client.connect(os.environ["UNDERSTUDY_URL"], transports=["polling"])
    client.emit("go", {"for": "news"})
    is_complete = has_all.wait(20)
    threading.Event().wait(LISTEN_SECONDS)
    sys.stdout.flush()
    os._exit(0 if is_complete else 1)


if __name__ == "__main__":
    main()
