"""The gateway: puts mitmproxy, our addons and the store together, runs them, and ends them in order."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mitmproxy.addons.core import Core
from mitmproxy.addons.next_layer import NextLayer
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.options import Options

from understudy.addons.answerer import Answerer
from understudy.addons.backpressure import Backpressure
from understudy.addons.current import CurrentMode
from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.addons.layers.answer_layer import BodyFetcher
from understudy.addons.layers.choose_layer import LayerChooser
from understudy.addons.layers.websocket_layer import ScriptFetcher
from understudy.addons.loop.body_reader import BodyReader
from understudy.addons.loop.commits import Commits, report_in_loop
from understudy.addons.loop.connections import ClientConnections
from understudy.addons.no_live_calls import Guard, MessageDiscarder, RequestFinisher
from understudy.addons.parent_proxy import ParentChooser
from understudy.addons.patches.check import check_mitmproxy
from understudy.addons.patches.direct_reading import DirectReading
from understudy.addons.patches.http1 import install_http1_fixes
from understudy.addons.patches.json_errors import install_json_errors
from understudy.addons.patches.lean_master import LeanMaster
from understudy.addons.recorder import Recorder
from understudy.addons.rewriter import Rewriter
from understudy.addons.tls import GatewayTls
from understudy.addons.websocket_recorder import WebSocketRecorder
from understudy.proxy.compilation.body_warmup import warm_up_bodies
from understudy.proxy.gateway.activation import Activation
from understudy.proxy.gateway.certificate_authority import ensure_authority
from understudy.proxy.gateway.name_overrides import NameOverrides, override_names
from understudy.proxy.gateway.replay_settings import STRICT_REPLAY, ReplaySettings
from understudy.proxy.gateway.trusted_roots import find_trusted_roots
from understudy.proxy.gateway.watcher import Watcher
from understudy.proxy.signals import SignalHandler
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.parent_proxies import NO_PARENTS, ParentProxies
from understudy.serving.gateway.replay import Tally
from understudy.serving.gateway.site import GatewaySites
from understudy.serving.http1.body_recorder import BodyLimits
from understudy.store.errors import UserError
from understudy.store.history_writer import HistoryWriter
from understudy.store.model.changes import Change
from understudy.store.model.exchanges import GATEWAY_STOPPED
from understudy.store.model.gateways import Gateway, GatewayState, Mode, OnLoss
from understudy.store.model.ids import new_id
from understudy.store.model.messages import Origin
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.settings import add_redaction
from understudy.store.repositories.store import Store

logger = logging.getLogger(__name__)

# Ending is promised within two seconds; requests under way get this much of it.
DRAIN_SECONDS = 1.0
# A store that another program locks must not keep us; who waits for a commit now was not delivered.
STORE_SECONDS = 2.0
HANG_UP_SECONDS = 0.4
HANG_UP_STEP_SECONDS = 0.01
# Objects made and not yet freed before the collector looks; Python's own 700 makes it look at every second request.
GARBAGE_THRESHOLD = 50_000


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """How one gateway runs.

    `confdir` holds the CA; `rewrite` is about URLs and cookies of a reverse proxy; `insecure`, `upstream_ca` and
    `client_cert` about TLS towards the upstream, `parents` about the proxies that it is called through; `replaying`
    about replay mode; `seed` makes random values alike; `redactor` takes the secrets out of what is recorded;
    `keeping` is about its bodies. `elsewhere`: with an upstream, requests that name other hosts are forwarded, too.
    `resolved` are addresses of names.
    """

    host: str
    port: int
    upstream: Origin | None
    state: GatewayState
    name: str | None
    confdir: Path
    on_loss: OnLoss = OnLoss.STOP
    rewrite: bool = True
    insecure: bool = False
    upstream_ca: Path | None = None
    client_cert: Path | None = None
    parents: ParentProxies = NO_PARENTS
    replay: ReplaySettings = STRICT_REPLAY
    seed: int | None = None
    redactor: Redactor | None = None
    keeping: BodyLimits = field(default_factory=BodyLimits)
    forward_elsewhere: bool = False
    name_overrides: NameOverrides = field(default_factory=dict)

    @property
    def sole_upstream(self) -> Origin | None:
        """The upstream beside which nothing is called; None if there is no such limit."""
        return None if self.forward_elsewhere else self.upstream


@dataclass(frozen=True, slots=True)
class Report:
    """What a gateway did: exchanges kept, those that failed among them, and lost; what it was asked, if it replays."""

    kept: int
    failed: int
    lost: int
    tally: Tally | None = None


async def wait_for_signal(_: Gateway, signals: SignalHandler) -> None:
    """Wait for a signal."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    signals.set_callback(partial(loop.call_soon_threadsafe, told.set))
    await told.wait()


async def run_gateway(
    store: Store,
    settings: GatewaySettings,
    signals: SignalHandler,
    on_start: Callable[[Gateway], None],
    work: Callable[[Gateway, SignalHandler], Awaitable[None]] = wait_for_signal,
) -> Report:
    """Run until `meanwhile` is over; `started` is called before it, when connections are accepted.

    Raises UserError when the port is taken or the gateway's name is in use, Interrupted when a signal comes before
    connections are accepted, and what `meanwhile` raises.
    """
    program = GatewayProgram(store, settings)
    with signals.wake_loop(asyncio.get_running_loop()):
        try:
            with _pause_collector():
                gateway = await signals.run_interruptible(program.start())
            on_start(gateway)
            await work(gateway, signals)
        finally:
            signals.ignore()  # once is enough: a second Ctrl-C must not cut the end off
            await program.stop()
    active = program.current.active
    tally = active.replay.tally if active.mode is Mode.REPLAY else None
    return Report(program.writer.kept, program.writer.failed, program.writer.lost, tally)


class GatewayProgram:
    """The parts of a running gateway."""

    def __init__(self, store: Store, settings: GatewaySettings) -> None:
        store = add_redaction(store, settings.redactor) if settings.redactor else store
        self._store = store
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._activation = Activation(store, replay=settings.replay, seed=settings.seed)
        self._servers = Proxyserver()
        self._connections = ClientConnections(self._servers)
        self._bodies = BodyReader(store.bodies.read, store.bodies.read_piece)
        self._watcher: Watcher | None = None
        self._master_task: asyncio.Task[None] | None = None
        self._warm_collection_id: str | None = None  # the collection whose answers are read ahead
        keepers = (store.history.add, store.bodies.add_pieces, store.history.add_messages)
        self.writer = HistoryWriter(*keepers, announce=partial(report_in_loop, self._loop))
        self.current = CurrentMode(ActiveMode(settings.state.mode))
        self.guard = Guard(self.current, settings.sole_upstream, self._hang_up_offline, settings.parents.addresses)

    async def start(self) -> Gateway:
        """Listen, and let the store know; raises UnsupportedMitmproxy if mitmproxy lacks a name that we use."""
        check_mitmproxy()
        ensure_authority(self._settings.confdir)  # nothing else runs yet, and it must not be left half made
        seen = await asyncio.to_thread(self._store.changes.get_latest)
        self.current.active = await asyncio.to_thread(self._activation.activate, self._settings.state)
        self.writer.start()
        override_names(self._loop, self._settings.name_overrides)
        await self._listen()
        gateway = self._make_row(seen)
        self._watcher = Watcher(self._store, gateway, self._apply, lambda: self.writer.lost)
        await asyncio.to_thread(self._watcher.start)
        self._warm_up(self._settings.state)
        _freeze_memory()
        return gateway

    async def stop(self) -> None:
        """Accept nothing more, let requests under way finish for a second, commit everything."""
        if self._watcher:
            await asyncio.to_thread(self._watcher.stop)
        if self._master_task:
            await self._servers.servers.update([])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.guard.idle.wait(), DRAIN_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hang_up(), HANG_UP_SECONDS)
            self.master.shutdown()
            await self._master_task
        await asyncio.sleep(0)  # what was submitted in this round is handed over
        await asyncio.to_thread(self.writer.stop, STORE_SECONDS)

    async def _hang_up(self) -> None:
        """Close the connections that are left; a request still under way is kept as failed."""
        while self._servers.connections:
            for client_id in list(self._servers.connections):
                self._connections.hang_up(str(client_id), GATEWAY_STOPPED)
            await asyncio.sleep(HANG_UP_STEP_SECONDS)

    async def _listen(self) -> None:
        install_http1_fixes()
        install_json_errors()
        self.master = LeanMaster(_make_options(self._settings))
        self.master.addons.add(
            Core(),
            self._servers,
            DirectReading(self._servers),
            self.guard,
            LayerChooser(self._make_forwarding()),
            NextLayer(),
            GatewayTls(self.current),
            *self._make_addons(),
        )
        self.master.options.update(
            connection_strategy="lazy",
            upstream_cert=False,
            keep_host_header=True,
            **_make_upstream_options(self._settings),
        )
        if not await self._servers.setup_servers():
            raise _make_listen_error(self._settings, self._servers)
        self._master_task = asyncio.ensure_future(self.master.run())

    def _make_forwarding(self) -> ForwardingSettings:
        settings = self._settings
        return ForwardingSettings(
            self.current,
            self.guard,
            Commits(self.writer),
            self._connections,
            GatewaySites(self._bodies.get_cached),
            settings.upstream,
            settings.forward_elsewhere,
            settings.rewrite,
            settings.on_loss,
            settings.keeping,
            settings.parents,
        )

    def _make_addons(self) -> list[object]:
        settings = self._settings
        rewriter = [Rewriter(settings.upstream, urls=settings.rewrite)] if settings.upstream else []
        return [
            ParentChooser(settings.parents, settings.sole_upstream),
            *rewriter,
            Answerer(self.current, self._bodies, settings.sole_upstream),
            BodyFetcher(self._bodies),
            ScriptFetcher(self._store.history.list_messages),
            Backpressure(self._connections.drain),
            Recorder(self.current, Commits(self.writer), settings.on_loss, keeping=settings.keeping, holds_back=True),
            WebSocketRecorder(Commits(self.writer), self._hang_up_lossy, settings.on_loss, self._connections),
            MessageDiscarder(),
            RequestFinisher(self.guard),
        ]

    def _make_row(self, seen_revision: int) -> Gateway:
        host, port, *_ = self._servers.listen_addrs()[0]
        now = time.time()
        return Gateway(
            id=new_id(),
            name=self._settings.name or f"gateway-{port}",
            pid=os.getpid(),
            listen=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            upstream=self._settings.upstream,
            desired_state=self._settings.state,
            started_at=now,
            heartbeat=now,
            seen_revision=seen_revision,
        )

    def _apply(self, state: GatewayState, over: bool, changes: Sequence[Change] | None) -> None:
        """Compile in the caller's thread, take over in the event loop, return when that is done."""
        active = None if over else self._activation.apply_changes(state, changes)
        active = active or self._activation.activate(state, restart=over)
        asyncio.run_coroutine_threadsafe(self._take_over(active, state), self._loop).result()

    async def _take_over(self, active: ActiveMode, state: GatewayState) -> None:
        if active.mode is not self.current.active.mode:
            logger.info("mode %s", active.mode)
        self.current.active = active
        self._warm_up(state)
        if active.mode.is_offline:
            self.guard.hang_up_tunnels()

    def _warm_up(self, state: GatewayState) -> None:
        """Have the answers of another collection read ahead."""
        wanted = state.collection_id
        if wanted is not None and wanted != self._warm_collection_id:
            self._warm_collection_id = wanted
            self._warming = asyncio.ensure_future(warm_up_bodies(self._bodies, self._store.bodies, [wanted]))

    def _hang_up_lossy(self, client_id: str) -> None:
        self._connections.hang_up(client_id, "what is said cannot be kept")

    def _hang_up_offline(self, client_id: str) -> None:
        self._connections.hang_up(client_id, "the gateway makes no live calls any more")


@contextlib.contextmanager
def _pause_collector() -> Iterator[None]:
    # What is read to answer from stays: looking through it again and again as it grows is a fifth of a long start.
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _freeze_memory() -> None:
    # What is here now stays: the collector need not look at it again, nor as often at the little that comes and goes.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


def _make_options(settings: GatewaySettings) -> Options:
    upstream = settings.upstream
    # TLS towards the upstream is our layers' affair: in mitmproxy's own https mode the gateway would listen on UDP too.
    mode = "regular" if upstream is None else f"reverse:http://{_bracket_host(upstream.host)}:{upstream.port}"
    return Options(listen_host=settings.host, listen_port=settings.port, mode=[mode], confdir=str(settings.confdir))


def _make_upstream_options(settings: GatewaySettings) -> dict[str, object]:
    # mitmproxy would trust what certifi lists, and not what a company put into the system's store.
    authorities = settings.upstream_ca or find_trusted_roots(os.environ)
    return {
        "ssl_insecure": settings.insecure,
        "ssl_verify_upstream_trusted_ca": str(authorities) if authorities else None,
        "client_certs": str(settings.client_cert) if settings.client_cert else None,
    }


def _bracket_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _make_listen_error(settings: GatewaySettings, servers: Proxyserver) -> UserError:
    error = next((one.last_exception for one in servers.servers if one.last_exception), None)
    where = f"{_bracket_host(settings.host)}:{settings.port}"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return UserError(f"{where} is taken, by another server or program; choose another with --listen HOST:PORT")
    return UserError(f"cannot listen on {where}: {_describe_error(error)}")


def _describe_error(error: Exception | None) -> str:
    # mitmproxy puts a sentence of its own around the system's, with Python's words in it.
    number = error.errno or 0 if isinstance(error, OSError) else 0
    if "could not bind on any address" in str(error):  # asyncio's words since Python 3.13, without a number
        number = errno.EADDRNOTAVAIL
    if number < 0:  # getaddrinfo(3)
        return "that name cannot be resolved"
    return os.strerror(number) if number else str(error)
