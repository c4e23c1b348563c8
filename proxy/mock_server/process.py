"""One process that serves mock servers: its connections, its site kept up to date, its call log, an orderly end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from understudy.addons.loop.body_reader import BodyReader
from understudy.proxy.call_lines.call_display import CallDisplay, CallOutputs, ShownLine
from understudy.proxy.call_lines.line_output import LineOutput
from understudy.proxy.call_log.writer import STOP_SECONDS, CallLogWriter, LogCounters
from understudy.proxy.compilation.body_warmup import warm_up_bodies
from understudy.proxy.mock_server.accept_loop import accept_connections
from understudy.proxy.mock_server.open_connections import OpenConnections
from understudy.proxy.mock_server.sites import MockSites, ServingContext
from understudy.proxy.shared_counts import SharedCounts
from understudy.proxy.signals import STOP_SIGNALS
from understudy.serving.fields.dates import Dates
from understudy.serving.http1.limits import DEFAULT_LIMITS, Limits
from understudy.serving.mock_server.site import MockSite
from understudy.store.model.calls import Call
from understudy.store.model.messages import Body
from understudy.store.model.mock_servers import MockServer
from understudy.store.redaction.settings import make_display_redactor
from understudy.store.repositories.store import Store

logger = logging.getLogger(__name__)

# Every process serves a change within 100 ms.
POLL_SECONDS = 0.03
# Threads that compile or log may hold the interpreter for so long; Python's own value, 5 ms, would delay answers.
SWITCH_SECONDS = 0.0005
GARBAGE_THRESHOLD = 50_000


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How mock servers are served: which by name (all without names), where, and by how many processes.

    `at_root`: a single mock server answers at the root of the port. `certificate` has the files of certificate and key.
    `shift_dates` moves recorded dates by the time since. `outputs` are where calls are shown.
    """

    host: str
    port: int
    names: Sequence[str] = ()
    at_root: bool = False
    workers: int = 1
    certificate: tuple[Path, Path] | None = None
    seed: int | None = None
    shift_dates: bool = True
    limits: Limits = field(default=DEFAULT_LIMITS)
    outputs: CallOutputs = field(default=CallOutputs())

    @property
    def scheme(self) -> str:
        """The scheme of URLs."""
        return "http" if self.certificate is None else "https"


class MockProcess:
    """One process that serves mock servers.

    Call `compile` before its event loop runs and before a fork; after a fork, `switch_store` gives it its own store.
    With `lines`, the lines of its calls go there.
    """

    def __init__(
        self,
        store: Store,
        settings: ServeSettings,
        counts: SharedCounts,
        lines: LineOutput[ShownLine] | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._counters: dict[str, LogCounters] = {}
        self._counts = counts
        self._bodies = BodyReader(self._read, self._read_piece)
        shown = make_display_redactor(store)
        self._log = CallLogWriter(self._write_calls, self._get_counters, at_root=settings.at_root, redactor=shown)
        self.redact = shown.redact_text
        self._display = CallDisplay(settings.outputs, self.redact, lines=lines)
        dates, watch = Dates(settings.shift_dates), self._display.watch
        context = ServingContext(
            counts, self._bodies.get_cached, self._read, self._log, settings.seed, settings.scheme, dates, watch
        )
        self._sites = MockSites(store, context, settings.names, at_root=settings.at_root)
        self._seen = 0

    def compile(self) -> None:
        """Read and compile everything that is served."""
        self._seen = self._store.changes.get_latest()
        self._site = self._sites.compile_site()
        # What is in memory now stays: the collector need not look at it again, nor run often for the few new objects.
        gc.freeze()
        gc.enable()
        gc.set_threshold(GARBAGE_THRESHOLD)

    @property
    def mocks(self) -> list[MockServer]:
        """The mock servers that are served."""
        return [served.mock for served in self._site.directory.by_slug.values()]

    def switch_store(self, store: Store) -> None:
        """Use this store from now on: a store that was opened before a fork must not be used after it."""
        self._store = store
        self._sites.switch_store(store)

    async def run(self, listener: socket.socket, on_start: Callable[[], object]) -> None:
        """Serve until SIGINT or SIGTERM; `on_start` is called once connections are accepted."""
        sys.setswitchinterval(SWITCH_SECONDS)
        loop = asyncio.get_running_loop()
        # A process that replaces another one was compiled together with that, so changes may have come since.
        self._site = self._apply_changes() or self._site
        connections = OpenConnections(self._site, self._settings.limits, self._bodies.read_part)
        watch = SiteWatcher(self._apply_changes, lambda site: loop.call_soon_threadsafe(connections.set_site, site))
        stopped = _watch_stop_signals(loop)
        try:
            async with accept_connections(listener, connections, tls=_make_tls_context(self._settings.certificate)):
                self._log.start()
                self._display.start()
                ticking = asyncio.ensure_future(self._display.keep_showing())
                watch.start()
                on_start()
                warming = asyncio.ensure_future(
                    warm_up_bodies(self._bodies, self._store.bodies, self._list_collection_ids())
                )
                await stopped.wait()
                warming.cancel()
                ticking.cancel()
        finally:
            ends = (watch.stop, self._log.stop, self._display.stop)
            await asyncio.gather(*(asyncio.to_thread(end) for end in ends))
            _ignore_stop_signals(loop)

    def _list_collection_ids(self) -> set[str]:
        return {mock.collection_id for mock in self.mocks}

    def _apply_changes(self) -> MockSite | None:
        """Return the site after the changes since the last call; None if they do not concern it."""
        latest = self._store.changes.get_latest()
        if latest == self._seen:
            return None
        changes = self._store.changes.list_since(self._seen)
        site = self._sites.apply_changes(changes)
        self._seen = max(latest, changes[-1].revision if changes else latest)
        return site

    def _read(self, body: Body) -> bytes:
        return self._store.bodies.read(body)

    def _read_piece(self, body: Body, position: int) -> bytes:
        return self._store.bodies.read_piece(body, position)

    def _write_calls(self, calls: Sequence[Call], limits: Mapping[str, int]) -> None:
        self._store.calls.add(calls, limits)

    def _get_counters(self, mock_id: str) -> LogCounters:
        known = self._counters.get(mock_id)
        if known is None:
            made = (self._counts.make_counter(f"{mock_id} {what}") for what in ("kept", "failed", "dropped"))
            known = self._counters[mock_id] = LogCounters(*made)
        return known


class SiteWatcher:
    """A thread that polls for changes: `look` returns a changed site or None, `serve` takes it."""

    def __init__(self, look: Callable[[], MockSite | None], serve: Callable[[MockSite], object]) -> None:
        self._look = look
        self._serve = serve
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store watch", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; do not wait for a locked store."""
        self._stopped.set()
        if self._thread.ident is not None:  # it was started
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        failing = False
        while not self._stopped.wait(POLL_SECONDS):
            try:
                site = self._look()
            except Exception as error:  # noqa: BLE001 - a broken store must not end the thread
                if not failing:
                    logger.error("cannot read changes from the store: %s", error)
                failing = True
                continue
            failing = False
            if site is not None:
                self._serve(site)


def _make_tls_context(certificate: tuple[Path, Path] | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _watch_stop_signals(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    stopped = asyncio.Event()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stopped.set)  # a second one changes nothing
    return stopped


def _ignore_stop_signals(loop: asyncio.AbstractEventLoop) -> None:
    """Ignore signals: they could only break the end, which is almost over."""
    for number in STOP_SIGNALS:
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
