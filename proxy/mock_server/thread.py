"""Serve a site inside another program: on a free port of this machine, by a thread with its own event loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future

from understudy.addons.loop.body_reader import BodyReader
from understudy.proxy.mock_server.accept_loop import accept_connections
from understudy.proxy.mock_server.open_connections import OpenConnections
from understudy.serving.http1.limits import DEFAULT_LIMITS
from understudy.serving.site_protocol import Site
from understudy.store.repositories.history import Bodies

DRAIN_SECONDS = 1.0


class ServingThread:
    """A thread that serves from `start` to `stop`; `bodies` reads from the store.

    What the client of a recording gave up is held open for `hold_seconds`, without a limit if that is None.
    """

    def __init__(self, bodies: Bodies, hold_seconds: float | None = None) -> None:
        self._hold_seconds = hold_seconds
        self.bodies = BodyReader(bodies.read, bodies.read_piece)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._ready: Future[asyncio.AbstractEventLoop] = Future()
        self._ended = asyncio.Event()
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The URL at which it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, site: Site) -> None:
        """Answer from this site, from now on."""
        self._thread = threading.Thread(target=self._run, args=(site,), name=f"serving {self.port}", daemon=True)
        self._thread.start()
        self._ready.result()

    def settle(self) -> None:
        """Wait until every answer that a client has seen is logged."""
        if self._thread is None or not self._thread.is_alive():
            return
        passed = threading.Event()
        self._ready.result().call_soon_threadsafe(passed.set)
        passed.wait()

    def stop(self) -> None:
        """Stop serving; requests under way have a second to finish."""
        if self._thread is not None and self._thread.is_alive():
            self._ready.result().call_soon_threadsafe(self._ended.set)
            self._thread.join()
        self._listener.close()

    def _run(self, site: Site) -> None:
        try:
            asyncio.run(self._serve(site))
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _serve(self, site: Site) -> None:
        connections = OpenConnections(site, DEFAULT_LIMITS, self.bodies.read_part, self._hold_seconds)
        async with accept_connections(self._listener, connections, drain_seconds=DRAIN_SECONDS):
            self._ready.set_result(asyncio.get_running_loop())
            await self._ended.wait()
