"""Serve mock servers: by one process, or by several on one port that share the store and a file of counters."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from understudy.proxy.mock_server.accept_loop import BACKLOG
from understudy.proxy.mock_server.printer_process import PrinterProcess
from understudy.proxy.mock_server.process import MockProcess, ServeSettings
from understudy.proxy.settings import locate_counts_file
from understudy.proxy.shared_counts import SharedCounts
from understudy.proxy.signals import STOP_SIGNALS, Interrupted
from understudy.store.errors import Conflict, Hint, StoreError, UserError
from understudy.store.model.mock_servers import MockServer
from understudy.store.repositories.store import Store

logger = logging.getLogger(__name__)

READY_STEP_SECONDS = 0.05
RESTART_SECONDS = 0.2

OnStart = Callable[[str, list[MockServer]], None]


def serve(open_store: Callable[[], Store], settings: ServeSettings, on_start: OnStart) -> None:
    """Serve until SIGINT or SIGTERM; `on_start` gets the address and the mock servers once connections are accepted.

    Raises Conflict if the port is taken, NotFound for a name that does not exist, Interrupted if a signal comes before
    all of several processes serve.
    """
    listeners = _bind_listeners(settings)
    store = open_store()
    counts = SharedCounts(locate_counts_file(store.location))
    try:
        has_printer = settings.workers > 1 and settings.outputs.shows_calls and settings.outputs.lines is not None
        printer = PrinterProcess(settings.outputs) if has_printer else None
        process = MockProcess(store, settings, counts, printer.relay if printer else None)
        process.compile()
        _allow_many_connections()

        def announce() -> None:
            on_start(_format_address(listeners[0]), process.mocks)

        if settings.workers == 1:
            _run_event_loop(process.run(listeners[0], announce))
        else:
            store.close()
            Workers(open_store, process, listeners, printer).run(announce)
    finally:
        counts.close()
        _close_listeners(listeners)
        store.close()


class Workers:
    """Processes on one port, each with a socket of its own.

    A worker that ends by itself while it serves is replaced by one with the same socket, so clients that connect
    meanwhile wait for it. A `printer` prints the lines of their calls.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        process: MockProcess,
        listeners: Sequence[socket.socket],
        printer: PrinterProcess | None = None,
    ) -> None:
        self._open_store = open_store
        self._process = process
        self._listeners = listeners
        self._printer = printer
        self._running: dict[int, socket.socket] = {}
        self._is_stopping = False
        self._received: list[signal.Signals] = []
        self._ready, self._ready_writer = os.pipe()
        self._orphaned, self._parent_lives = os.pipe()

    def run(self, on_start: Callable[[], None]) -> None:
        """Start all workers, and return when all have ended."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._handle_signal)
        self._start_printer()
        try:
            for listener in self._listeners:
                self._start_worker(listener)
            self._wait_until_ready()
            early = self._received[:]
            if not self._is_stopping:
                on_start()
            while self._running:
                self._replace_ended(*os.wait())
        finally:
            if self._printer is not None:
                self._printer.stop()
        if early:
            raise Interrupted(early[0])

    def _replace_ended(self, ended: int, status: int) -> None:
        """Start another process in place of one that ended, unless all stop."""
        listener = self._running.pop(ended, None)
        if self._is_stopping:
            return
        what = "the process that prints calls" if listener is None else f"worker {ended}"
        logger.error("%s ended by itself (%s); starting another", what, _describe_exit(status))
        time.sleep(RESTART_SECONDS)
        if listener is None:
            self._start_printer()
        else:
            self._start_worker(listener)

    def _start_printer(self) -> None:
        if self._printer is not None:
            self._printer.start(self._process.redact, self._close_for_printer)

    def _close_for_printer(self) -> None:
        _close_listeners(self._listeners)
        for end in (self._ready, self._ready_writer, self._orphaned, self._parent_lives):
            os.close(end)

    def _wait_until_ready(self) -> None:
        """Wait until every worker accepts connections; raises StoreError if a worker cannot start."""
        ready = 0
        while ready < len(self._listeners) and not self._is_stopping:
            if select.select([self._ready], [], [], READY_STEP_SECONDS)[0]:
                ready += len(os.read(self._ready, len(self._listeners)))
                continue
            ended, status = os.waitpid(-1, os.WNOHANG)
            if ended in self._running and not self._is_stopping:
                del self._running[ended]
                self._stop()
                raise StoreError(f"a worker could not start ({_describe_exit(status)})")

    def _start_worker(self, listener: socket.socket) -> None:
        """Start a worker, unless the workers stop; a signal in this moment is handled once the child is known."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        child = None if self._is_stopping else os.fork()
        if child != 0:
            if child:
                self._running[child] = listener
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            return
        code = 1
        try:
            self._work(listener)
            code = 0
        except BaseException:  # noqa: BLE001 - the process ends here
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _work(self, listener: socket.socket) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        os.close(self._parent_lives)
        _close_listeners(other for other in self._listeners if other is not listener)
        threading.Thread(target=_exit_with_parent, args=(self._orphaned,), daemon=True).start()
        store = self._open_store()
        self._process.switch_store(store)
        _run_event_loop(self._process.run(listener, lambda: os.write(self._ready_writer, b"!")))
        store.close()

    def _handle_signal(self, number: int, _: object) -> None:
        self._received.append(signal.Signals(number))
        self._stop()

    def _stop(self) -> None:
        self._is_stopping = True
        _close_listeners(self._listeners)  # once the workers have closed theirs, no connection is accepted
        for child in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)


def _exit_with_parent(pipe: int) -> None:
    """End this process in order when its parent, which holds the other end of the pipe, was killed."""
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _run_event_loop(main: Coroutine[Any, Any, None]) -> None:
    import uvloop

    uvloop.run(main)


def _bind_listeners(settings: ServeSettings) -> list[socket.socket]:
    """Return a listening socket at the address for each worker; no other program shares the address."""
    address = (settings.host, settings.port)
    listeners: list[socket.socket] = []
    try:
        listeners.append(first := _open_listener(address, share=False))
        if settings.workers > 1:
            # Not before the address is ours: another program might share it too.
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        address = first.getsockname()[:2]
        listeners.extend(_open_listener(address, share=True) for _ in range(1, settings.workers))
    except OSError as error:
        _close_listeners(listeners)
        shown = f"{settings.host}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            message = f"{shown} is taken by another server or program"
            raise Conflict(message, what="address", which=shown, hint=Hint("choose_port")) from error
        message = f"cannot listen on {shown}: {error.strerror or error}"
        raise UserError(message, what="address", which=shown) from error
    return listeners


def _open_listener(address: tuple[str, int], *, share: bool) -> socket.socket:
    """Return a listening socket; with `share`, other sockets that share may listen at the same address."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        listener.listen(BACKLOG)  # if two programs only bind, both succeed
    except OSError:
        listener.close()
        raise
    return listener


def _close_listeners(listeners: Iterable[socket.socket]) -> None:
    for listener in listeners:
        listener.close()


def _format_address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _allow_many_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _describe_exit(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"exit code {code}"
