"""From what a gateway was told (mode, collection, session) to what it does: the compiled value its addons work with."""

from __future__ import annotations

import logging
from dataclasses import replace

from addons.active import Active
from matcher.index import Index, compile_index
from matcher.settings import POSTMAN, STRICT
from proxy.promoting import session_examples
from serving.sequences import Sequences
from store.entities import GatewayState, Mode
from store.errors import NotFound
from store.repository import Store

logger = logging.getLogger(__name__)

# A forward proxy is asked for several hosts; a mock server and a reverse proxy compare none.
FORWARD_SETTINGS = replace(POSTMAN, host=True)


class Activation:
    """Compiles states for one gateway; blocks, so it belongs in a thread. `once` ends each replayed sequence."""

    def __init__(self, store: Store, *, once: bool = False) -> None:
        self._store = store
        self._once = once
        self._last: tuple[GatewayState, Active] | None = None

    def activate(self, state: GatewayState) -> Active:
        """The compiled state; where its examples cannot be had, one that answers nothing and keeps the mode's promise.

        The same state compiled again, after an edit, goes on where its sequences stood.
        """
        same = self._last is not None and self._last[0] == state
        sequences = self._last[1].sequences if same and self._last else Sequences(once=self._once)
        try:
            active = self._compiled(state, sequences)
        except NotFound as error:
            logger.error("%s mode has nothing to answer from: %s", state.mode, error)
            active = Active(state.mode, sequences=sequences)
        self._last = (state, active)
        return active

    def _compiled(self, state: GatewayState, sequences: Sequences) -> Active:
        match state.mode:
            case Mode.PASS:
                return Active(state.mode)
            case Mode.RECORD:
                return Active(state.mode, session_id=state.session_id)
            case Mode.REPLAY:
                return self._replay(state, sequences)
            case Mode.MOCK | Mode.SPY:
                index = self._mock_index(state.collection_id)
                own = Index(index.candidates, POSTMAN, index.unusable)
                return Active(state.mode, index, own, sequences, session_id=state.session_id)

    def _mock_index(self, collection_id: str | None) -> Index:
        if collection_id is None:
            raise NotFound("its collection was deleted")
        return compile_index(self._store.collections.examples(collection_id), FORWARD_SETTINGS)

    def _replay(self, state: GatewayState, sequences: Sequences) -> Active:
        if state.session_id is None:
            raise NotFound("its session was deleted")
        session = self._store.sessions.find(state.session_id)
        examples = session_examples(self._store, session)
        origins = {example.request.origin for example in examples}
        own = session.upstream or (origins.pop() if len(origins) == 1 else None)
        index = compile_index(examples, STRICT, body_of=self._store.bodies.read)
        return Active(state.mode, index, index, sequences, own_origin=own)
