"""Run a gateway from its first mode to its report, alone or for a command."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from understudy.addons.tls_refusals import TlsRefusal
from understudy.proxy.call_lines.call_display import CallDisplay
from understudy.proxy.gateway.child_command import ChildCommand
from understudy.proxy.gateway.logging_setup import configure_logging
from understudy.proxy.gateway.program import GatewayProgram, pause_collector
from understudy.proxy.gateway.settings import GatewaySettings
from understudy.proxy.operations.gateways.modes import choose_state
from understudy.proxy.signals import STOP_SIGNALS, Interrupted, SignalHandler
from understudy.serving.answers.replies import Hold
from understudy.serving.gateway.parent_proxies import ParentProxies
from understudy.serving.gateway.replay import Tally
from understudy.store.errors import UnderstudyError, UserError
from understudy.store.model.gateways import Gateway, GatewayState, Mode
from understudy.store.model.ids import new_id
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.settings import add_redaction, make_display_redactor, make_recording_redactor
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store
from understudy.store.sql.lookup.find_by_name import check_name

SLOW_SECONDS = 1.0
EXIT_LOST, EXIT_MISSED = 1, 3
"""Exit codes of a gateway that lost exchanges, and of a command that succeeded but asked for what was not recorded."""


@dataclass(frozen=True, slots=True)
class FirstMode:
    """The mode that a gateway starts in; `mock` and `session` name what it needs, see `choose_state`."""

    mode: Mode
    mock: str | None = None
    session: str | None = None


class Announcer(Protocol):
    """What a caller shows while a gateway starts."""

    def announce_parents(self, parents: ParentProxies) -> None:
        """Show that upstreams are called through parent proxies."""
        ...

    def announce_reading(self, state: GatewayState) -> None:
        """Show what a start that takes longer than `SLOW_SECONDS` reads; called by another thread."""
        ...

    def announce_start(self, gateway: Gateway) -> None:
        """Show that the gateway accepts connections."""
        ...

    def announce_long_holds(self, holds: Sequence[Hold]) -> None:
        """Show which requests of a command are held open for `LONG_SECONDS`; called in the event loop."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What a gateway did: exchanges it kept, failed ones among them, and exchanges it lost.

    `mode` is its first mode. `tally` counts the requests of a replay or mock; None if the last mode was another.
    `child_code` is the exit code of its command, 0 without one. `tls_refusals` counts TLS connections that clients
    ended.
    """

    mode: Mode
    kept: int
    failed: int
    lost: int
    tally: Tally | None = None
    child_code: int = 0
    tls_refusals: Mapping[TlsRefusal, int] = field(default_factory=dict)

    @property
    def has_recorded(self) -> bool:
        """Whether the gateway recorded or should have recorded."""
        return self.mode in (Mode.RECORD, Mode.SPY) or bool(self.kept or self.lost)

    @property
    def lacks_requests(self) -> bool:
        """Whether a gateway that replays or records got no request."""
        if self.tally is not None:
            return not self.tally.has_requests
        return self.mode in (Mode.RECORD, Mode.SPY) and not self.kept and not self.lost

    def choose_exit_code(self, *, check_misses: bool) -> int:
        """Return the exit code of the program: that of its command if it failed, else of losses, else of misses."""
        code = self.child_code or (EXIT_LOST if self.lost else 0)
        missed = check_misses and self.tally is not None and bool(self.tally.misses)
        return code or (EXIT_MISSED if missed else 0)


def run_to_end(
    store: Store,
    settings: GatewaySettings,
    first: FirstMode,
    announcer: Announcer,
    *,
    child: ChildCommand | None = None,
    verbose: bool = False,
    actor: str,
) -> Report:
    """Run a gateway until SIGINT or SIGTERM, or until its command ends; return what it did.

    Raises UserError if it cannot start, Interrupted if a signal comes before connections are accepted. A session that
    was created for it is then deleted again.
    """
    with child.handle_signals() if child else SignalHandler(STOP_SIGNALS) as signals:
        if settings.name is not None:
            check_name("gateway", settings.name)
        newest = new_id()
        recording, redactor = _prepare_store(store, settings, verbose=verbose, actor=actor)
        state = _choose_state(store, settings, first, actor)
        if settings.parents and not first.mode.is_offline:
            announcer.announce_parents(settings.parents)
        display = CallDisplay(settings.outputs, redactor.redact_text)
        program = _RunningGateway(recording, settings, state, announcer, child, display)
        try:
            report = program.run(signals)
        except (UserError, Interrupted):
            _discard_empty_session(store, state.session_id, newest, actor)
            raise
    return replace(report, child_code=child.exit_code if child else 0)


class _RunningGateway:
    """A gateway that starts, works until a signal or its command's end, and stops."""

    def __init__(
        self,
        store: Store,
        settings: GatewaySettings,
        state: GatewayState,
        announcer: Announcer,
        child: ChildCommand | None,
        display: CallDisplay,
    ) -> None:
        self._store = store
        self._settings = settings
        self._state = state
        self._announcer = announcer
        self._child = child
        self._display = display

    def run(self, signals: SignalHandler) -> Report:
        runner = asyncio.Runner()
        with ExitStack() as ends, self._announce_if_slow() as has_started:
            ends.callback(runner.close)
            try:
                return runner.run(self._serve(signals, has_started))
            except Interrupted:
                ends.pop_all()  # closing would wait for threads, whose work is of no use now
                raise

    async def _serve(self, signals: SignalHandler, has_started: Callable[[], None]) -> Report:
        on_long_hold = self._announcer.announce_long_holds if self._child else None
        display = self._display
        program = GatewayProgram(self._store, self._settings, self._state, on_long_hold, display.watch)
        display.start()
        showing = asyncio.ensure_future(display.keep_showing())
        with signals.wake_loop(asyncio.get_running_loop()):
            try:
                with pause_collector():
                    gateway = await signals.run_interruptible(program.start())
                has_started()
                self._announcer.announce_start(gateway)
                await (self._child.run(gateway, signals) if self._child else _wait_for_signal(signals))
            finally:
                signals.ignore()  # a second Ctrl-C must not cut the end off
                await program.stop()
                showing.cancel()
                await asyncio.to_thread(display.stop)
        active, writer = program.current.active, program.writer
        tally = active.replay.tally if active.mode.is_offline else None
        refusals = dict(program.tls_refusals.counts)
        return Report(self._state.mode, writer.kept, writer.failed, writer.lost, tally, tls_refusals=refusals)

    @contextmanager
    def _announce_if_slow(self) -> Iterator[Callable[[], None]]:
        """Announce what is read if that takes long; yields what to call when the gateway has started."""
        timer = threading.Timer(SLOW_SECONDS, self._announce_reading)
        timer.daemon = True
        timer.start()
        try:
            yield timer.cancel
        finally:
            timer.cancel()

    def _announce_reading(self) -> None:
        try:
            self._announcer.announce_reading(self._state)
        except UnderstudyError:
            return  # the gateway gets the same error, and ends with it


async def _wait_for_signal(signals: SignalHandler) -> None:
    loop, received = asyncio.get_running_loop(), asyncio.Event()
    signals.set_callback(partial(loop.call_soon_threadsafe, received.set))
    await received.wait()


def _prepare_store(store: Store, settings: GatewaySettings, *, verbose: bool, actor: str) -> tuple[Store, Redactor]:
    """Set up logging; return the store to record to, with redaction if that is a setting, and the redactor of texts."""
    if not settings.redact:
        shown = make_display_redactor(store)
        configure_logging(verbose=verbose, redactor=shown)
        return store, shown
    with store.transaction(actor):  # the first redactor of a store creates its key
        redactor = make_recording_redactor(store)
    shown = redactor.copy_for_display()
    configure_logging(verbose=verbose, redactor=shown)
    return add_redaction(store, redactor), shown


def _choose_state(store: Store, settings: GatewaySettings, first: FirstMode, actor: str) -> GatewayState:
    listen = None if settings.allow_remote else f"{settings.host}:{settings.port}"
    return choose_state(
        store,
        first.mode,
        mock=first.mock,
        session=first.session,
        upstream=settings.upstream,
        actor=actor,
        listen=listen,
    )


def _discard_empty_session(store: Store, session_id: str | None, newest: str, actor: str) -> None:
    """Delete a session without exchanges that is newer than this id: this gateway created it and could not start."""
    if session_id is None or session_id <= newest:
        return
    with store.transaction(actor):
        if not store.history.list_newest(HistoryFilter(session_id=session_id), 1):
            store.sessions.delete(session_id)
