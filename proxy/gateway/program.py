"""The gateway program: mitmproxy, our addons and the store put together, run, and ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from mitmproxy.addons.core import Core
from mitmproxy.addons.next_layer import NextLayer
from mitmproxy.addons.proxyserver import Proxyserver

from understudy.addons.answerer import Answerer
from understudy.addons.backpressure import Backpressure
from understudy.addons.call_watcher import CallWatcher
from understudy.addons.current import CurrentMode
from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.addons.grpc.call_answerer import CallAnswerer
from understudy.addons.layers.answer_layer import BodyFetcher
from understudy.addons.loop.body_reader import BodyReader
from understudy.addons.loop.client_holds import ClientHolder
from understudy.addons.loop.client_limits import ClientLimits
from understudy.addons.loop.commits import Commits, report_in_loop
from understudy.addons.loop.connections import ClientConnections
from understudy.addons.loop.held_requests import LONG_SECONDS, HeldRequests
from understudy.addons.loop.turns import Turns
from understudy.addons.no_live_calls import Guard, MessageDiscarder, RequestFinisher
from understudy.addons.parent_proxy import ParentChooser
from understudy.addons.patches.check import check_mitmproxy
from understudy.addons.patches.direct_reading import DirectReading
from understudy.addons.patches.http1 import install_http1_fixes
from understudy.addons.patches.http2_windows import install_flow_control
from understudy.addons.patches.json_errors import install_json_errors
from understudy.addons.patches.lean_master import LeanMaster
from understudy.addons.patches.strict_heads import install_strict_heads
from understudy.addons.recorder import Recorder
from understudy.addons.rewriter import Rewriter
from understudy.addons.streams.choose_layer import LayerChooser
from understudy.addons.tls import GatewayTls
from understudy.addons.tls_refusals import TlsRefusals
from understudy.addons.websockets.message_keeper import MessageKeeper
from understudy.addons.websockets.relay_layer import HalfCloser
from understudy.addons.websockets.replay_layer import ScriptFetcher
from understudy.addons.websockets.websocket_recorder import WebSocketRecorder
from understudy.proxy.compilation.body_warmup import warm_up_bodies
from understudy.proxy.compilation.call_scripts import read_call_script
from understudy.proxy.gateway.activation import Activation
from understudy.proxy.gateway.certificate_authority import ensure_authority
from understudy.proxy.gateway.listening import (
    accept_bursts,
    format_address,
    make_addon_options,
    make_listen_error,
    make_options,
)
from understudy.proxy.gateway.name_overrides import override_names
from understudy.proxy.gateway.settings import GatewaySettings
from understudy.proxy.gateway.watcher import Watcher
from understudy.proxy.history_pruner import HistoryPruner
from understudy.serving.answers.replies import Hold
from understudy.serving.fields.cookie_rewriting import RenamedCookies
from understudy.serving.fields.dates import Dates
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.site import GatewaySites
from understudy.serving.seen_calls import CallWatch
from understudy.store.history_writer import HistoryWriter
from understudy.store.model.changes import Change
from understudy.store.model.exchanges import GATEWAY_STOPPED
from understudy.store.model.gateways import Gateway, GatewayState
from understudy.store.model.ids import new_id
from understudy.store.repositories.store import Store

logger = logging.getLogger(__name__)

# A gateway ends within two seconds; requests under way get this much of it.
DRAIN_SECONDS = 1.0
# A store that another program locks must not hold up the end: an exchange that waits for its commit was not delivered.
STORE_SECONDS = 2.0
HANG_UP_SECONDS = 0.4
HANG_UP_STEP_SECONDS = 0.01
# New objects before the garbage collector runs; with Python's own 700 it runs at every second request.
GARBAGE_THRESHOLD = 50_000


class GatewayProgram:
    """The parts of a running gateway.

    `on_long_hold` gets the requests that a replay has held open for long, `watch` the calls that are shown.
    """

    def __init__(
        self,
        store: Store,
        settings: GatewaySettings,
        state: GatewayState,
        on_long_hold: Callable[[Sequence[Hold]], None] | None = None,
        watch: CallWatch | None = None,
    ) -> None:
        self._watch = watch
        self._store = store
        self._settings = settings
        self._first_state = state
        self._loop = asyncio.get_running_loop()
        self._activation = Activation(
            store,
            replay=settings.replay,
            seed=settings.seed,
            dates=Dates(settings.shift_dates),
            match_overrides=settings.match_overrides,
            rewrite_bodies=settings.rewrite_bodies,
            explain_header=settings.explain_header,
        )
        self._servers = Proxyserver()
        self._connections = ClientConnections(self._servers)
        self._held = HeldRequests(
            self._loop.call_later, settings.replay.hold, on_long=on_long_hold, long_seconds=LONG_SECONDS
        )
        self._bodies = BodyReader(store.bodies.read, store.bodies.read_piece)
        self._watcher: Watcher | None = None
        self._master_task: asyncio.Task[None] | None = None
        self._warm_collection_id: str | None = None  # the collection whose bodies were read ahead
        history = store.history
        keepers = (history.add, store.bodies.add_pieces, history.add_messages, history.mark_degraded)
        self.writer = HistoryWriter(*keepers, announce=partial(report_in_loop, self._loop))
        self._commits = Commits(self.writer)
        self.current = CurrentMode(ActiveMode(state.mode))
        self._pruner = HistoryPruner(store, lambda: self.current.active.is_recording)
        self._renamed = RenamedCookies()
        self.tls_refusals = TlsRefusals()
        self.guard = Guard(self.current, settings.sole_upstream, self._hang_up_offline, settings.parents.addresses)

    async def start(self) -> Gateway:
        """Listen, and register the gateway in the store.

        Raises UnsupportedMitmproxy where mitmproxy lacks a name that we use.
        """
        check_mitmproxy()
        ensure_authority(self._settings.confdir)  # before a signal could interrupt it: it must not be left half made
        seen = await asyncio.to_thread(self._store.changes.get_latest)
        self.current.active = await asyncio.to_thread(self._activation.activate, self._first_state)
        self.writer.start()
        override_names(self._loop, self._settings.name_overrides)
        await self._listen()
        gateway = self._make_row(seen)
        self._watcher = Watcher(self._store, gateway, self._apply, lambda: self.writer.lost)
        await asyncio.to_thread(self._watcher.start)
        self._pruner.start()
        self._warm_up(self._first_state)
        _freeze_memory()
        return gateway

    async def stop(self) -> None:
        """Stop accepting connections, let requests under way finish for a second, commit everything."""
        if self._watcher:
            await asyncio.to_thread(self._watcher.stop)
        await asyncio.to_thread(self._pruner.stop)
        if self._master_task:
            await self._servers.servers.update([])
            self._held.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.guard.idle.wait(), DRAIN_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hang_up(), HANG_UP_SECONDS)
            self.master.shutdown()
            await self._master_task
        deadline = self._loop.time() + STORE_SECONDS
        await self._commits.settle_all(STORE_SECONDS)
        await asyncio.sleep(0)  # the writer gets what was submitted in this round of the loop
        await asyncio.to_thread(self.writer.stop, deadline - self._loop.time())

    async def _hang_up(self) -> None:
        """Close the connections that are left; a request still under way is recorded as failed."""
        while self._servers.connections:
            for client_id in list(self._servers.connections):
                self._connections.hang_up(str(client_id), GATEWAY_STOPPED)
            await asyncio.sleep(HANG_UP_STEP_SECONDS)

    async def _listen(self) -> None:
        install_http1_fixes()
        install_json_errors()
        install_strict_heads(self._settings.limits.forwarding)
        install_flow_control()
        self.master = LeanMaster(make_options(self._settings))
        limits = ClientLimits(self._servers, self._connections, self._settings.limits.forwarding)
        self.master.addons.add(
            Core(),
            self._servers,
            DirectReading(self._servers),
            limits,
            self.guard,
            LayerChooser(self._make_forwarding(), limits),
            NextLayer(),
            GatewayTls(self.current, self.tls_refusals, limits),
            *self._make_addons(),
        )
        self.master.options.update(**make_addon_options(self._settings))
        if not await self._servers.setup_servers():
            raise make_listen_error(self._settings, self._servers)
        accept_bursts(self._servers)
        self._master_task = asyncio.ensure_future(self.master.run())

    def _make_forwarding(self) -> ForwardingSettings:
        settings = self._settings
        return ForwardingSettings(
            self.current,
            self.guard,
            self._commits,
            self._connections,
            GatewaySites(self._bodies.get_cached, self._renamed, self._watch),
            self._held,
            settings.upstream,
            settings.forward_elsewhere,
            settings.rewrite,
            settings.on_loss,
            settings.body_limits,
            settings.parents,
            self._watch,
            settings.limits,
        )

    def _make_addons(self) -> list[object]:
        settings = self._settings
        rewriter = (
            [Rewriter(settings.upstream, urls=settings.rewrite, renamed=self._renamed)] if settings.upstream else []
        )
        return [
            ParentChooser(settings.parents, settings.sole_upstream),
            *rewriter,
            Answerer(self.current, self._bodies, settings.sole_upstream, self._renamed, make_holder=self._make_holder),
            CallAnswerer(self.current, partial(read_call_script, self._store), self._renamed),
            BodyFetcher(self._bodies),
            ScriptFetcher(self._store.history.list_messages),
            Backpressure(self._connections.drain, Turns(self._loop.call_soon)),
            Recorder(
                self.current,
                self._commits,
                settings.on_loss,
                keeping=settings.body_limits,
                holds_back=True,
                read_control=self._connections,
            ),
            WebSocketRecorder(MessageKeeper(self._commits, self._hang_up_lossy, settings.on_loss, self._connections)),
            HalfCloser(self._connections),
            *([CallWatcher(self.current, self._watch)] if self._watch is not None else []),
            MessageDiscarder(),
            RequestFinisher(self.guard),
        ]

    def _make_holder(self, client_id: str) -> ClientHolder:
        return ClientHolder(self._held, self._connections, client_id)

    def _make_row(self, seen_revision: int) -> Gateway:
        host, port, *_ = self._servers.listen_addrs()[0]
        now = time.time()
        return Gateway(
            id=new_id(),
            name=self._settings.name or f"gateway-{port}",
            pid=os.getpid(),
            listen=format_address(host, port),
            upstream=self._settings.upstream,
            desired_state=self._first_state,
            started_at=now,
            heartbeat=now,
            seen_revision=seen_revision,
        )

    def _apply(self, state: GatewayState, restart: bool, changes: Sequence[Change] | None) -> None:
        """Compile a state in the caller's thread, switch to it in the event loop, return when that is done."""
        active = None if restart else self._activation.apply_changes(state, changes)
        active = active or self._activation.activate(state, restart=restart)
        asyncio.run_coroutine_threadsafe(self._switch_to(active, state, restart), self._loop).result()

    async def _switch_to(self, active: ActiveMode, state: GatewayState, restart: bool) -> None:
        if active.mode is not self.current.active.mode:
            logger.info("mode %s", active.mode)
        self.current.active = active
        if restart:
            self._held.release_all()
        self._warm_up(state)
        if active.mode.is_offline:
            self.guard.hang_up_tunnels()

    def _warm_up(self, state: GatewayState) -> None:
        """Read the bodies of another collection ahead."""
        collection_id = state.collection_id
        if collection_id is not None and collection_id != self._warm_collection_id:
            self._warm_collection_id = collection_id
            self._warming = asyncio.ensure_future(warm_up_bodies(self._bodies, self._store.bodies, [collection_id]))

    def _hang_up_lossy(self, client_id: str) -> None:
        self._connections.hang_up(client_id, "messages cannot be recorded")

    def _hang_up_offline(self, client_id: str) -> None:
        self._connections.hang_up(client_id, "the gateway makes no live calls now")


@contextlib.contextmanager
def pause_collector() -> Iterator[None]:
    """Collect no garbage in the block."""
    # Examples that are read stay in memory: collecting garbage again and again as they grow is a fifth of a long start.
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _freeze_memory() -> None:
    # What is in memory now stays: the collector need not look at it again, nor run often for the few new objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
