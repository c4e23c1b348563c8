"""Compile the state of a gateway (mode, collection, session) to the value that its addons work with."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence

from understudy.matcher.body_forms.open_places import select_marks
from understudy.matcher.index import compile_index
from understudy.matcher.parts.bodies import collect_ignored_places
from understudy.matcher.replay_keys import expand_headers
from understudy.matcher.settings import make_spy_settings
from understudy.proxy.compilation.body_prefetch import BodyPrefetcher
from understudy.proxy.compilation.live_edits import apply_edits, collect_edited_ids, may_affect
from understudy.proxy.compilation.mock_setup import MockSetup, read_mock_setup, select_item_names
from understudy.proxy.compilation.session_examples import build_session_examples
from understudy.proxy.gateway.replay_settings import STRICT_REPLAY, ReplaySettings
from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.rate_limits import LocalRateCounts
from understudy.serving.answers.reply_cache import ReplyCache
from understudy.serving.answers.sequences import Sequences
from understudy.serving.fields.dates import AS_NOW, Dates
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.early_answers import EarlyAnswers
from understudy.serving.gateway.failed_exchanges import FailedRequests
from understudy.serving.gateway.replay import Replay, Tally
from understudy.serving.templates.randomness import RandomSource
from understudy.serving.templates.response_templates import Templates, compile_templates
from understudy.store.errors import NotFound
from understudy.store.model.changes import Change, Subject
from understudy.store.model.exchanges import Part
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.mock_servers import PLAIN, Behaviour
from understudy.store.model.values import replace
from understudy.store.redaction.settings import make_display_redactor
from understudy.store.repositories.store import Store

logger = logging.getLogger(__name__)


class Activation:
    """The compiler of states for one gateway; its methods block, so a thread calls them.

    `replay` is how sessions are replayed; `seed` makes random values in answers the same in every run; `dates` is
    how recorded dates are sent. `match_overrides` are fields of `MatchSettings` that take the place of a mock's own.
    `rewrite_bodies` leads URLs in bodies to the gateway, whatever its mock server says; `explain_header` names the
    example of each answer in a header.
    """

    def __init__(
        self,
        store: Store,
        *,
        replay: ReplaySettings = STRICT_REPLAY,
        seed: int | None = None,
        dates: Dates = AS_NOW,
        match_overrides: Mapping[str, bool] | None = None,
        rewrite_bodies: bool = False,
        explain_header: bool = False,
    ) -> None:
        self._rewrite_bodies = rewrite_bodies
        self._explain_header = explain_header
        self._dates = dates
        self._match_overrides = dict(match_overrides or {})
        self._store = store
        self._replay_settings = replay
        self._seed = seed
        self._state: GatewayState | None = None
        self._active: ActiveMode | None = None
        self._epoch: int | None = None  # of its mock server's sequences

    def activate(self, state: GatewayState, *, restart: bool = False) -> ActiveMode:
        """Return the compiled state; one without answers, in the same mode, if what it answers from was deleted.

        The same state compiled again, after an edit, continues its sequences and its random values. With `restart`, or
        after a reset of its mock server's sequences, they start over.
        """
        if restart or state != self._state:
            self._state = state
            self._epoch = None
            self._start_over(once=self._replay_settings.once and state.mode is Mode.REPLAY)
        self._active = None
        try:
            compiled = self._compile(state)
            self._active = replace(
                compiled,
                ignored_hosts=self._replay_settings.ignored_hosts,
                rewrites_bodies=compiled.rewrites_bodies or self._rewrite_bodies,
                explains=self._explain_header,
            )
            return self._active
        except NotFound as error:
            logger.error("%s mode has nothing to answer from: %s", state.mode, error)
            return ActiveMode(state.mode, session_id=state.session_id)

    def apply_changes(self, state: GatewayState, changes: Sequence[Change] | None) -> ActiveMode | None:
        """Return the compiled state after these changes; None if it has to be compiled anew."""
        active, collection_id = self._active, state.collection_id
        if active is None or changes is None or state != self._state or collection_id is None:
            return None
        relevant = [change for change in changes if may_affect(change, state)]
        if not active.has_answers or any(change.subject is not Subject.EXAMPLE for change in relevant):
            return None
        ids, read = collect_edited_ids(relevant).get(collection_id, set()), self._store.bodies.read
        examples = self._store.collections.get_examples(collection_id, sorted(ids))
        names = self._store.collections.list_item_names(collection_id, [example.item_id for example in examples])
        own = apply_edits(active.reverse_answers, ids, examples, names, read)
        forward = replace(
            own,
            index=active.answers.index.apply_changes(ids, examples, item_names=select_item_names(examples, names)),
        )
        self._active = replace(active, reverse_answers=own, answers=forward, reply_cache=ReplyCache())
        return self._active

    def _start_over(self, *, once: bool = False) -> None:
        self._sequences = Sequences(once=once)
        self._tally = Tally(make_display_redactor(self._store))
        self._random = RandomSource(time.time, self._seed)
        self._rates = LocalRateCounts()

    def _compile(self, state: GatewayState) -> ActiveMode:
        match state.mode:
            case Mode.PASS:
                return ActiveMode(state.mode)
            case Mode.RECORD:  # if the session was deleted, every exchange is lost
                return ActiveMode(state.mode, session_id=state.session_id)
            case Mode.REPLAY:
                return self._compile_replay(state)
            case Mode.MOCK | Mode.SPY:
                return self._compile_mock(state, self._read_setup(state))

    def _read_setup(self, state: GatewayState) -> MockSetup:
        if state.collection_id is None:
            raise NotFound("its collection was deleted")
        if state.mock_server_id is None:
            return read_mock_setup(self._store, self._store.collections.find(state.collection_id))
        mock = self._store.mock_servers.find(state.mock_server_id)
        if self._epoch not in (None, mock.sequences_epoch):
            tally = self._tally
            self._start_over()
            self._tally = tally
        self._epoch = mock.sequences_epoch
        return read_mock_setup(self._store, mock)

    def _compile_mock(self, state: GatewayState, setup: MockSetup) -> ActiveMode:
        read = self._store.bodies.read
        settings = replace(setup.settings, **self._match_overrides)
        settings = make_spy_settings(settings) if state.mode is Mode.SPY else settings
        own = setup.build_index(read, settings)
        # A forward proxy gets requests for several hosts; a mock server and a reverse proxy compare no hosts.
        index = own.apply_settings(replace(settings, host=True))
        templates = Templates(compile_templates(setup.examples, read), setup.variables, self._random)
        self._tally.source = f"mock server {setup.mock.name}" if setup.mock else f"collection {setup.collection.name}"
        return ActiveMode(
            state.mode,
            Answers(index, self._sequences, templates),
            Answers(own, self._sequences, templates),
            setup.mock.behaviour if setup.mock else PLAIN,
            self._rates,
            state.session_id,
            replay=Replay(tally=self._tally),
            dates=self._dates,
            rewrites_bodies=setup.mock is not None and setup.mock.rewrite_bodies,
        )

    def _compile_replay(self, state: GatewayState) -> ActiveMode:
        if state.session_id is None:
            raise NotFound("its session was deleted")
        session = self._store.sessions.find(state.session_id)
        settings = self._replay_settings.apply_kept_lists(session.replay)
        bodies = BodyPrefetcher(self._store.bodies)
        recorded = build_session_examples(
            self._store, session, settings.matching, failures=settings.failures, bodies=bodies
        )
        examples = recorded.examples
        # A host that was never reached, such as that of an update check, is not what the session stands for.
        origins = {example.request.origin for example in examples if example.id not in recorded.unreached}
        known = {example.request.origin for example in (*examples, *recorded.failed)}
        hosts = {origin and origin.normal for origin in known}
        own = session.upstream or (origins.pop() if len(origins) == 1 else None)
        matching = expand_headers(settings.matching, [example.request.headers for example in examples])
        index = compile_index(examples, matching, load_body=bodies.read)
        failed = compile_index(recorded.failed, matching, load_body=bodies.read)
        answers = Answers(index, self._sequences)
        behaviour = Behaviour(timing=settings.timing)
        self._tally.source, self._tally.examples = f"session {session.name}", examples
        bodies.clear()
        missing = FailedRequests(failed, recorded.reasons)
        replay = Replay(
            settings.miss,
            self._tally,
            recorded.websockets,
            missing,
            frozenset(each for each in hosts if each),
            select_marks(collect_ignored_places(matching), Part.JSON),
            EarlyAnswers.of(example for example in examples if example.id in recorded.early),
            recorded.held,
            recorded.calls.to_calls(),
        )
        return ActiveMode(state.mode, answers, answers, behaviour, reverse_origin=own, replay=replay, dates=self._dates)
