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
from understudy.addons.current import Current
from understudy.addons.forwarding_settings import Forwarding
from understudy.addons.layers.answer_layer import BodyFetcher
from understudy.addons.layers.choose_layer import ChooseLayer
from understudy.addons.layers.websocket_layer import ScriptFetcher
from understudy.addons.loop.body_reader import BodyReader
from understudy.addons.loop.commits import Commits, announce_in
from understudy.addons.loop.connections import Connections
from understudy.addons.no_live_calls import Finish, FlatMemory, Guard
from understudy.addons.parent_proxy import ParentChoice
from understudy.addons.patches.direct_reading import DirectReading
from understudy.addons.patches.http1 import mend
from understudy.addons.patches.json_errors import say_in_json
from understudy.addons.patches.lean_master import LeanMaster
from understudy.addons.recorder import Recorder
from understudy.addons.rewriter import Rewriter
from understudy.addons.tls import GatewayTls
from understudy.addons.websocket_recorder import WebSocketRecorder
from understudy.proxy.compilation.body_warmup import warm
from understudy.proxy.gateway.activation import Activation
from understudy.proxy.gateway.certificate_authority import authority_in
from understudy.proxy.gateway.name_overrides import Resolved, resolve_in
from understudy.proxy.gateway.replay_settings import STRICTLY, ReplaySettings
from understudy.proxy.gateway.trusted_roots import trusted_roots
from understudy.proxy.gateway.watcher import Watcher
from understudy.proxy.signals import Signals
from understudy.serving.gateway.active import Active
from understudy.serving.gateway.parent_proxies import DIRECTLY, Parents
from understudy.serving.gateway.replay import Tally
from understudy.serving.gateway.site import GatewaySites
from understudy.serving.http1.body_recorder import Keeping
from understudy.store.errors import UserError
from understudy.store.history_writer import HistoryWriter
from understudy.store.model.changes import Change
from understudy.store.model.exchanges import GATEWAY_STOPPED
from understudy.store.model.gateways import Gateway, GatewayState, Mode, OnLoss
from understudy.store.model.ids import new_id
from understudy.store.model.messages import Origin
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.settings import redacting
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
    parents: Parents = DIRECTLY
    replaying: ReplaySettings = STRICTLY
    seed: int | None = None
    redactor: Redactor | None = None
    keeping: Keeping = field(default_factory=Keeping)
    elsewhere: bool = False
    resolved: Resolved = field(default_factory=dict)

    @property
    def sole_upstream(self) -> Origin | None:
        """The upstream beside which nothing is called; None if there is no such limit."""
        return None if self.elsewhere else self.upstream


@dataclass(frozen=True, slots=True)
class Report:
    """What a gateway did: exchanges kept, those that failed among them, and lost; what it was asked, if it replays."""

    kept: int
    failed: int
    lost: int
    tally: Tally | None = None


async def until_told_to_stop(_: Gateway, signals: Signals) -> None:
    """Wait for a signal."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    signals.tell(partial(loop.call_soon_threadsafe, told.set))
    await told.wait()


async def run_gateway(
    store: Store,
    settings: GatewaySettings,
    signals: Signals,
    started: Callable[[Gateway], None],
    meanwhile: Callable[[Gateway, Signals], Awaitable[None]] = until_told_to_stop,
) -> Report:
    """Run until `meanwhile` is over; `started` is called before it, when connections are accepted.

    Raises UserError when the port is taken or the gateway's name is in use, Interrupted when a signal comes before
    connections are accepted, and what `meanwhile` raises.
    """
    program = GatewayProgram(store, settings)
    with signals.waking(asyncio.get_running_loop()):
        try:
            with _uncollected():
                gateway = await signals.interrupting(program.start())
            started(gateway)
            await meanwhile(gateway, signals)
        finally:
            signals.ignore()  # once is enough: a second Ctrl-C must not cut the end off
            await program.stop()
    active = program.current.active
    tally = active.replay.tally if active.mode is Mode.REPLAY else None
    return Report(program.writer.kept, program.writer.failed, program.writer.lost, tally)


class GatewayProgram:
    """The parts of a running gateway."""

    def __init__(self, store: Store, settings: GatewaySettings) -> None:
        store = redacting(store, settings.redactor) if settings.redactor else store
        self._store = store
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._activation = Activation(store, replaying=settings.replaying, seed=settings.seed)
        self._servers = Proxyserver()
        self._connections = Connections(self._servers)
        self._bodies = BodyReader(store.bodies.read, store.bodies.piece)
        self._watcher: Watcher | None = None
        self._running: asyncio.Task[None] | None = None
        self._warmed: str | None = None  # the collection whose answers are read ahead
        keepers = (store.history.add, store.bodies.add_pieces, store.history.add_messages)
        self.writer = HistoryWriter(*keepers, announce=partial(announce_in, self._loop))
        self.current = Current(Active(settings.state.mode))
        self.guard = Guard(self.current, settings.sole_upstream, self._hang_up_offline, settings.parents.addresses)

    async def start(self) -> Gateway:
        """Listen, and let the store know."""
        authority_in(self._settings.confdir)  # nothing else runs yet, and it must not be left half made
        seen = await asyncio.to_thread(self._store.changes.latest)
        self.current.active = await asyncio.to_thread(self._activation.activate, self._settings.state)
        self.writer.start()
        resolve_in(self._loop, self._settings.resolved)
        await self._listen()
        gateway = self._row(seen)
        self._watcher = Watcher(self._store, gateway, self._apply, lambda: self.writer.lost)
        await asyncio.to_thread(self._watcher.start)
        self._warm(self._settings.state)
        _settle_memory()
        return gateway

    async def stop(self) -> None:
        """Accept nothing more, let requests under way finish for a second, commit everything."""
        if self._watcher:
            await asyncio.to_thread(self._watcher.stop)
        if self._running:
            await self._servers.servers.update([])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.guard.idle.wait(), DRAIN_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hang_up(), HANG_UP_SECONDS)
            self.master.shutdown()
            await self._running
        await asyncio.sleep(0)  # what was submitted in this round is handed over
        await asyncio.to_thread(self.writer.stop, STORE_SECONDS)

    async def _hang_up(self) -> None:
        """Close the connections that are left; a request still under way is kept as failed."""
        while self._servers.connections:
            for client_id in list(self._servers.connections):
                self._connections.hang_up(str(client_id), GATEWAY_STOPPED)
            await asyncio.sleep(HANG_UP_STEP_SECONDS)

    async def _listen(self) -> None:
        mend()
        say_in_json()
        self.master = LeanMaster(_options(self._settings))
        self.master.addons.add(
            Core(),
            self._servers,
            DirectReading(self._servers),
            self.guard,
            ChooseLayer(self._forwarding()),
            NextLayer(),
            GatewayTls(self.current),
            *self._own_addons(),
        )
        self.master.options.update(
            connection_strategy="lazy", upstream_cert=False, keep_host_header=True, **_upstream_options(self._settings)
        )
        if not await self._servers.setup_servers():
            raise _cannot_listen(self._settings, self._servers)
        self._running = asyncio.ensure_future(self.master.run())

    def _forwarding(self) -> Forwarding:
        settings = self._settings
        return Forwarding(
            self.current,
            self.guard,
            Commits(self.writer),
            self._connections,
            GatewaySites(self._bodies.at_hand),
            settings.upstream,
            settings.elsewhere,
            settings.rewrite,
            settings.on_loss,
            settings.keeping,
            settings.parents,
        )

    def _own_addons(self) -> list[object]:
        settings = self._settings
        rewriter = [Rewriter(settings.upstream, urls=settings.rewrite)] if settings.upstream else []
        return [
            ParentChoice(settings.parents, settings.sole_upstream),
            *rewriter,
            Answerer(self.current, self._bodies, settings.sole_upstream),
            BodyFetcher(self._bodies),
            ScriptFetcher(self._store.history.messages),
            Backpressure(self._connections.drain),
            Recorder(self.current, Commits(self.writer), settings.on_loss, keeping=settings.keeping, holds=True),
            WebSocketRecorder(Commits(self.writer), self._hang_up_lossy, settings.on_loss, self._connections),
            FlatMemory(),
            Finish(self.guard),
        ]

    def _row(self, seen_revision: int) -> Gateway:
        host, port, *_ = self._servers.listen_addrs()[0]
        now = time.time()
        return Gateway(
            id=new_id(),
            name=self._settings.name or f"gateway-{port}",
            pid=os.getpid(),
            listen=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            upstream=self._settings.upstream,
            wanted=self._settings.state,
            started_at=now,
            heartbeat=now,
            seen_revision=seen_revision,
        )

    def _apply(self, state: GatewayState, over: bool, changes: Sequence[Change] | None) -> None:
        """Compile in the caller's thread, take over in the event loop, return when that is done."""
        active = None if over else self._activation.after(state, changes)
        active = active or self._activation.activate(state, over=over)
        asyncio.run_coroutine_threadsafe(self._take_over(active, state), self._loop).result()

    async def _take_over(self, active: Active, state: GatewayState) -> None:
        if active.mode is not self.current.active.mode:
            logger.info("mode %s", active.mode)
        self.current.active = active
        self._warm(state)
        if active.mode.offline:
            self.guard.hang_up_tunnels()

    def _warm(self, state: GatewayState) -> None:
        """Have the answers of another collection read ahead."""
        wanted = state.collection_id
        if wanted is not None and wanted != self._warmed:
            self._warmed = wanted
            self._warming = asyncio.ensure_future(warm(self._bodies, self._store.bodies, [wanted]))

    def _hang_up_lossy(self, client_id: str) -> None:
        self._connections.hang_up(client_id, "what is said cannot be kept")

    def _hang_up_offline(self, client_id: str) -> None:
        self._connections.hang_up(client_id, "the gateway makes no live calls any more")


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    # What is read to answer from stays: looking through it again and again as it grows is a fifth of a long start.
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _settle_memory() -> None:
    # What is here now stays: the collector need not look at it again, nor as often at the little that comes and goes.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


def _options(settings: GatewaySettings) -> Options:
    upstream = settings.upstream
    # TLS towards the upstream is our layers' affair: in mitmproxy's own https mode the gateway would listen on UDP too.
    mode = "regular" if upstream is None else f"reverse:http://{_bracketed(upstream.host)}:{upstream.port}"
    return Options(listen_host=settings.host, listen_port=settings.port, mode=[mode], confdir=str(settings.confdir))


def _upstream_options(settings: GatewaySettings) -> dict[str, object]:
    # mitmproxy would trust what certifi lists, and not what a company put into the system's store.
    authorities = settings.upstream_ca or trusted_roots(os.environ)
    return {
        "ssl_insecure": settings.insecure,
        "ssl_verify_upstream_trusted_ca": str(authorities) if authorities else None,
        "client_certs": str(settings.client_cert) if settings.client_cert else None,
    }


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _cannot_listen(settings: GatewaySettings, servers: Proxyserver) -> UserError:
    error = next((one.last_exception for one in servers.servers if one.last_exception), None)
    where = f"{_bracketed(settings.host)}:{settings.port}"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return UserError(f"{where} is taken, by another server or program; choose another with --listen HOST:PORT")
    return UserError(f"cannot listen on {where}: {_why_not(error)}")


def _why_not(error: Exception | None) -> str:
    # mitmproxy puts a sentence of its own around the system's, with Python's words in it.
    number = error.errno or 0 if isinstance(error, OSError) else 0
    if "could not bind on any address" in str(error):  # asyncio's words since Python 3.13, without a number
        number = errno.EADDRNOTAVAIL
    if number < 0:  # getaddrinfo(3)
        return "that name cannot be resolved"
    return os.strerror(number) if number else str(error)
