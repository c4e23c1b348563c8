"""Compile the mock servers of one port, and recompile what changed in the store: in a thread, off the event loop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from understudy.matcher.parts.candidate import Candidate
from understudy.proxy.compilation.live_edits import apply_edits, collect_edited_ids
from understudy.proxy.compilation.mock_setup import read_mock_setup, resolve_variables
from understudy.proxy.shared_counts import SharedCounts
from understudy.serving.answers.answer import frame_response
from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.reply_cache import BodyLookup
from understudy.serving.fields.cookie_rewriting import RenamedCookies
from understudy.serving.fields.dates import AS_NOW, Dates
from understudy.serving.mock_server.calls import CompiledMockServer
from understudy.serving.mock_server.directory import Directory
from understudy.serving.mock_server.site import CallLogger, MockSite
from understudy.serving.seen_calls import CallWatch
from understudy.serving.templates.randomness import RandomSource
from understudy.serving.templates.response_templates import Templates, compile_templates
from understudy.store.errors import NotFound
from understudy.store.model.changes import Change, Subject
from understudy.store.model.collections import Example
from understudy.store.model.messages import Body, Response
from understudy.store.model.mock_servers import MockServer
from understudy.store.repositories.store import Store

logger = logging.getLogger(__name__)


class SharedSequences:
    """The positions in the sequences of one mock server, shared by all processes (see `serving.answers.sequences`)."""

    def __init__(self, counts: SharedCounts, mock_id: str) -> None:
        self._counts = counts
        self._mock_id = mock_id
        self._group = f"{mock_id} sequences"

    def next(self, candidate: Candidate) -> Example | None:
        """Return the example whose turn it is; the last one repeats."""
        examples = candidate.examples
        if len(examples) == 1:
            return examples[0]
        key = f"{self._mock_id} {examples[0].id}"
        return examples[min(self._counts.advance(key, self._group, len(examples)), len(examples) - 1)]

    def peek(self, candidate: Candidate) -> Example | None:
        """Return the example that was given last, without moving on; the first one before that."""
        examples = candidate.examples
        if len(examples) == 1:
            return examples[0]
        given = self._counts.read(f"{self._mock_id} {examples[0].id}", self._group)
        return examples[min(max(given - 1, 0), len(examples) - 1)]

    def may_advance(self, candidate: Candidate) -> bool:
        """Return whether the next call may get another example."""
        return len(candidate.examples) > 1

    def reset(self) -> None:
        """Start every sequence over."""
        self._counts.clear(self._group)

    def reset_for(self, epoch: int) -> None:
        """Start every sequence over, unless another process has done so for this epoch."""
        if self._counts.raise_to(f"{self._mock_id} epoch", "epochs", epoch):
            self.reset()


@dataclass(frozen=True, slots=True)
class ServingContext:
    """What all mock servers of a process share."""

    counts: SharedCounts
    bodies: BodyLookup
    read: Callable[[Body], bytes]
    log: CallLogger
    seed: int | None = None
    scheme: str = "http"
    dates: Dates = AS_NOW
    watch: CallWatch | None = None


class MockSites:
    """The compiler of the mock servers of these names, or of all; it blocks, and it follows changes in the store.

    `at_root`: a single mock server answers at the root of the port.
    """

    def __init__(self, store: Store, context: ServingContext, names: Sequence[str], *, at_root: bool) -> None:
        self._store = store
        self._context = context
        self._ids = frozenset(store.mock_servers.find(name).id for name in names)
        self._at_root = at_root
        self._served: dict[str, CompiledMockServer] = {}
        self._variables: dict[str, Mapping[str, str]] = {}

    def switch_store(self, store: Store) -> None:
        """Read from this store from now on."""
        self._store = store

    def compile_site(self) -> MockSite:
        """Compile everything from the store as it is now."""
        self._update_served(frozenset())
        return self._build_site()

    def apply_changes(self, changes: Sequence[Change] | None) -> MockSite | None:
        """Return the site after these changes, after any if they are None; return None if they do not concern it."""
        if changes is None:
            self._served.clear()
            return self.compile_site()
        before = dict(self._served)
        subjects = {change.subject for change in changes}
        if subjects & {Subject.MOCK_SERVER, Subject.ENVIRONMENT, Subject.COLLECTION, Subject.KEY}:
            stale = {change.collection_id for change in changes if change.subject is Subject.COLLECTION}
            self._update_served(frozenset(filter(None, stale)))
        self._apply_edits(changes)
        return None if before == self._served else self._build_site()

    def _build_site(self) -> MockSite:
        by_slug = {served.mock.slug: served for served in self._served.values()}
        root = next(iter(by_slug.values()), None) if self._at_root else None
        directory = Directory(by_slug, root, self._context.scheme, at_root=self._at_root)
        return MockSite(directory, self._context.log, self._context.watch)

    def _update_served(self, stale: frozenset[str]) -> None:
        """Bring every mock server up to date; compile those of the collections in `stale` in any case."""
        keys = frozenset(key.digest for key in self._store.keys.list())
        served: dict[str, CompiledMockServer] = {}
        for mock in self._list_mocks():
            known = self._served.get(mock.id)
            try:
                answers = self._reuse_or_compile(mock, None if mock.collection_id in stale else known)
                served[mock.id] = self._make_served(mock, answers, keys, known)
            except NotFound as error:  # deleted meanwhile: a further change follows
                logger.warning("mock server %s is not served: %s", mock.name, error)
        self._served = served

    def _list_mocks(self) -> Iterable[MockServer]:
        return [mock for mock in self._store.mock_servers.list() if not self._ids or mock.id in self._ids]

    def _reuse_or_compile(self, mock: MockServer, known: CompiledMockServer | None) -> Answers:
        """Return what a mock server answers from: what is known if its inputs are the same, else compiled."""
        if (
            known is not None
            and _has_same_inputs(known.mock, mock)
            and self._resolve_variables(mock) == self._variables[mock.id]
        ):
            return known.answers
        return self._compile_answers(mock)

    def _compile_answers(self, mock: MockServer) -> Answers:
        setup = read_mock_setup(self._store, mock)
        self._variables[mock.id] = setup.variables
        read = self._context.read
        turns = SharedSequences(self._context.counts, mock.id)
        known = self._served.get(mock.id)
        chance = known.answers.templates.random_source if known else RandomSource(time.time, self._context.seed)
        return Answers(
            setup.build_index(read), turns, Templates(compile_templates(setup.examples, read), setup.variables, chance)
        )

    def _resolve_variables(self, mock: MockServer) -> Mapping[str, str]:
        return resolve_variables(self._store, self._store.collections.find(mock.collection_id), mock)

    def _make_served(
        self, mock: MockServer, answers: Answers, keys: frozenset[str], known: CompiledMockServer | None
    ) -> CompiledMockServer:
        counts = self._context.counts
        turns = answers.sequences
        assert isinstance(turns, SharedSequences)
        turns.reset_for(mock.sequences_epoch)
        failing = self._read_server_error(mock)
        if known is not None and (known.mock, known.answers, known.keys, known.server_error) == (
            mock,
            answers,
            keys,
            failing,
        ):
            return known
        calls = known.calls if known else counts.make_counter(f"{mock.id} calls")
        unlogged = None if mock.log_limit else counts.make_counter(f"{mock.id} unlogged")
        renamed = known.renamed if known else RenamedCookies()
        bodies, dates = self._context.bodies, self._context.dates
        return CompiledMockServer(
            mock, answers, keys, failing, bodies, counts, calls, unlogged, renamed=renamed, dates=dates
        )

    def _read_server_error(self, mock: MockServer) -> Response | None:
        for error in self._store.mock_servers.list_server_errors(mock.id):
            if error.id == mock.server_error_id:
                response = error.response
                return frame_response(response, self._context.read(response.body))
        return None

    def _apply_edits(self, changes: Sequence[Change]) -> None:
        """Apply added, edited or deleted examples."""
        edited = collect_edited_ids(changes)
        for served in list(self._served.values()):
            mock = served.mock
            ids = edited.get(mock.collection_id)
            if ids:
                examples = self._store.collections.get_examples(mock.collection_id, sorted(ids))
                names = self._store.collections.list_item_names(mock.collection_id, [each.item_id for each in examples])
                answers = apply_edits(served.answers, ids, examples, names, self._context.read)
                self._served[mock.id] = self._make_served(mock, answers, served.keys, served)


def _has_same_inputs(one: MockServer, other: MockServer) -> bool:
    fields = ("collection_id", "environment_id", "matching", "private")
    return all(getattr(one, name) == getattr(other, name) for name in fields)
