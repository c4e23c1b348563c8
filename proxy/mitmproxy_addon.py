"""Understudy inside stock mitmproxy: mitmdump -s "$(understudy addon-path)" --set understudy_mode=record

It puts the addons of the gateway into mitmproxy, mitmdump or mitmweb, with options and commands of mitmproxy.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mitmproxy import command, ctx, exceptions, flow, http
from mitmproxy.log import ALERT

from understudy.addons.answerer import Answerer
from understudy.addons.current import CurrentMode
from understudy.addons.flow_notes import get_note
from understudy.addons.flows import exchange_from_flow
from understudy.addons.loop.body_reader import BodyReader
from understudy.addons.loop.commits import Commits, report_in_loop
from understudy.addons.no_live_calls import Guard, RequestFinisher
from understudy.addons.patches.check import check_mitmproxy
from understudy.addons.patches.http1 import install_http1_fixes
from understudy.addons.recorder import Recorder
from understudy.addons.websockets.hook_recorder import HookRecorder
from understudy.proxy.gateway.activation import Activation
from understudy.proxy.gateway.replay_settings import parse_replay_settings
from understudy.proxy.operations.gateways.modes import choose_state, open_session, parse_mode
from understudy.proxy.operations.recordings.promotion import promote_history
from understudy.proxy.project_file import add_project_rules, read_project, read_replay_defaults
from understudy.proxy.settings import resolve_store_url
from understudy.proxy.store_opening import open_or_upgrade_store
from understudy.serving.gateway.active import ActiveMode
from understudy.store.errors import UnderstudyError
from understudy.store.history_writer import BodyPieces, Completions, ExchangeMessage, HistoryWriter
from understudy.store.model.exchanges import Exchange
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Body
from understudy.store.promotion import PromotionPlan
from understudy.store.redaction.settings import add_redaction
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from mitmproxy.addonmanager import Loader

logger = logging.getLogger(__name__)

ACTOR = "mitmproxy"  # of what its user changes


class Understudy:
    """The addon that records and answers; until `understudy_mode` is set, it passes everything."""

    def __init__(self) -> None:
        self._store: Store | None = None
        self._activation: Activation | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Future[None]] = set()
        self._current = CurrentMode(ActiveMode(Mode.PASS))
        self._writer = HistoryWriter(self._add, self._add_pieces, self._add_messages, announce=self._announce)
        guard = Guard(self._current)
        self.addons = [
            guard,
            Answerer(self._current, BodyReader(self._read)),
            Recorder(self._current, Commits(self._writer)),
            HookRecorder(Commits(self._writer)),
            RequestFinisher(guard),
        ]

    def load(self, loader: Loader) -> None:
        """Declare the options, set mitmproxy's own before it listens, and check and correct mitmproxy."""
        logging.getLogger("alembic").setLevel(logging.WARNING)
        loader.add_option("understudy_mode", str, "pass", "What to do with requests.", choices=list(Mode))
        loader.add_option("understudy_session", str, "", "The session to record to, or to replay.")
        loader.add_option("understudy_mock", str, "", "The mock server or collection that mock and spy answer from.")
        loader.add_option("understudy_redact", bool, False, "Replace secrets before anything is kept.")
        loader.add_option("understudy_store", str, "", "The store: a file or database URL.")
        # Without these mitmproxy connects to the upstream before any hook runs.
        ctx.options.update(connection_strategy="lazy", upstream_cert=False)
        try:
            check_mitmproxy()
            install_http1_fixes()
        except UnderstudyError as error:
            self._refuse(str(error))

    def configure(self, updated: set[str]) -> None:
        """Apply changed options; a mode whose session or collection does not exist is refused."""
        if updated & {"understudy_store", "understudy_redact"} and self._store is not None:
            raise exceptions.OptionsError("this cannot be changed while mitmproxy records")
        if not updated & {"understudy_mode", "understudy_session", "understudy_mock"}:
            return
        try:
            mode = parse_mode(ctx.options.understudy_mode)
            if mode is not Mode.PASS or self._store is not None:
                self._switch(mode)
        except UnderstudyError as error:
            self._refuse(f"understudy_{error.field}: {error}" if error.field else str(error))

    def running(self) -> None:
        """Start the history writer; mitmproxy is set up."""
        self._loop = asyncio.get_running_loop()
        self._writer.start()

    def done(self) -> None:
        """Commit what is queued; mitmproxy ends."""
        self._writer.stop()
        if self._store is not None:
            self._store.close()

    @command.command("understudy.mode")
    def set_mode(self, mode: str) -> None:
        """Switch to pass, record, mock, spy or replay."""
        try:
            ctx.options.update(understudy_mode=mode)
        except exceptions.OptionsError as error:  # the console would end with it
            raise exceptions.CommandError(str(error)) from error

    @command.command("understudy.promote")
    def promote(self, flows: Sequence[flow.Flow], collection: str) -> None:
        """Promote flows to examples of a collection; keep flows that were not recorded in history first."""
        http_flows = [one for one in flows if isinstance(one, http.HTTPFlow)]
        task = asyncio.ensure_future(self._promote(http_flows, collection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _promote(self, flows: list[http.HTTPFlow], collection: str) -> None:
        try:
            ids = [get_note(one).entry or await self._record_flow(one) for one in flows]
            selected = HistoryFilter(ids=frozenset(ids))
            outcome = await asyncio.to_thread(
                promote_history, self._ensure_store(), selected, collection, PromotionPlan(), actor=ACTOR
            )
        except UnderstudyError as error:
            logger.log(ALERT, "not promoted: %s", error)
        else:
            logger.log(ALERT, "promoted to %s: %d new examples", collection, outcome.examples)

    async def _record_flow(self, one: http.HTTPFlow) -> int:
        name = ctx.options.understudy_session or None
        session_id = await asyncio.to_thread(open_session, self._ensure_store(), name, None, actor=ACTOR)
        [number] = await asyncio.to_thread(self._ensure_store().history.add, [exchange_from_flow(one, session_id)])
        get_note(one).entry = number
        return number

    def _refuse(self, reason: str) -> None:
        if self._loop is not None:
            raise exceptions.OptionsError(reason)  # mitmproxy puts the option back
        # At start mitmproxy would print a traceback for an exception; it ends once an error was logged.
        self._current.active = ActiveMode(Mode.MOCK)
        logger.error("understudy: %s", reason)

    def _switch(self, mode: Mode) -> None:
        options = ctx.options
        state = choose_state(
            self._ensure_store(),
            mode,
            mock=options.understudy_mock or None if mode in (Mode.MOCK, Mode.SPY) else None,
            session=options.understudy_session or None if mode not in (Mode.PASS, Mode.MOCK) else None,
            upstream=None,
            actor=ACTOR,
        )
        if self._activation is None:
            replay = parse_replay_settings(defaults=read_replay_defaults())
            self._activation = Activation(self._ensure_store(), replay=replay)
        self._current.active = self._activation.activate(state)

    def _add(self, exchanges: Sequence[Exchange]) -> list[int]:
        return self._ensure_store().history.add(exchanges)

    def _add_pieces(self, pieces: BodyPieces) -> None:
        self._ensure_store().bodies.add_pieces(pieces)

    def _add_messages(self, messages: Sequence[ExchangeMessage]) -> None:
        self._ensure_store().history.add_messages(messages)

    def _read(self, body: Body) -> bytes:
        return self._ensure_store().bodies.read(body)

    def _announce(self, completions: Completions) -> None:
        assert self._loop
        report_in_loop(self._loop, completions)

    def _ensure_store(self) -> Store:
        if self._store is None:
            opened = open_or_upgrade_store(resolve_store_url(ctx.options.understudy_store or None))
            store = add_project_rules(opened, read_project())
            self._store = add_redaction(store) if ctx.options.understudy_redact else store
        return self._store


addons = [Understudy()]
