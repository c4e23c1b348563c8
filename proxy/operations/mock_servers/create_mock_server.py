"""New mock servers: with what they answer from and the variable of their URL, all or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from understudy.proxy.operations.collections.environments import find_environment
from understudy.proxy.operations.collections.request_warnings import list_typed_warnings
from understudy.proxy.operations.mock_servers.mock_server_rules import check_names, check_public
from understudy.proxy.operations.mock_servers.mock_server_urls import environment_for_url
from understudy.proxy.operations.mock_servers.mock_servers import MockServerDetails, describe_mock_server
from understudy.proxy.operations.mock_servers.mock_sources import (
    MockSource,
    PromotedHistory,
    TypedRequests,
    delete_on_failure,
    prepare_source,
    write_long_source,
    write_source,
)
from understudy.proxy.operations.recordings.promotion import PromotionOutcome
from understudy.store.model.collections import Environment
from understudy.store.model.ids import new_id
from understudy.store.model.mock_servers import PLAIN, Behaviour, Matching, MockServer
from understudy.store.model.naming import escape_unprintable, find_free_name, slug_from_name
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store


@dataclass(frozen=True, slots=True)
class MockServerDraft:
    """A mock server that does not exist yet; without a slug it gets one from its name.

    `environment` is a name or id. `save_url` is the variable that holds its URL, in an environment of its own name.
    """

    name: str
    slug: str | None = None
    environment: str | None = None
    private: bool = False
    behaviour: Behaviour = PLAIN
    matching: Matching = field(default_factory=Matching)
    cors: bool = True
    rewrite_bodies: bool = False
    log_limit: int = 10_000
    save_url: str | None = None


@dataclass(frozen=True, slots=True)
class CreatedMockServer:
    """A new mock server, and the outcome of the promotion where it answers from history.

    `warnings` name what of typed-in requests does not match as it was meant, and the hosts that meet in it.
    """

    details: MockServerDetails
    outcome: PromotionOutcome | None
    warnings: Sequence[str] = ()


def create_mock_server(
    store: Store, draft: MockServerDraft, source: MockSource, *, actor: str, step: Callable[[], None] = lambda: None
) -> CreatedMockServer:
    """Create a mock server that answers from this source; `step` is called after each batch of history.

    Raises Conflict for a name, slug or variable that is taken, NotFound for a collection, environment, session or
    history entry that does not exist, UserError for what cannot be served. The store is then as it was. A long history
    is written in several transactions: if the program is killed meanwhile, a part of its collection stays.
    """
    _plan(store, draft)  # fails before history is read, which may take long
    prepared = prepare_source(store, source, step, actor=actor)
    written = write_long_source(store, draft.name, prepared, actor=actor)
    with delete_on_failure(store, written), store.transaction(actor):
        planned, environment = _plan(store, draft)
        collection = written or write_source(store, draft.name, prepared)
        mock = replace(planned, collection_id=collection.id)
        store.mock_servers.create(mock)
        if environment is not None:
            store.environments.save(environment)
        details = describe_mock_server(store, mock)
    outcome = prepared.outcome if isinstance(prepared, PromotedHistory) else None
    typed = [one for one, _ in source.requests] if isinstance(source, TypedRequests) else []
    origins = prepared.list_origins() if isinstance(prepared, PromotedHistory) else []
    return CreatedMockServer(details, outcome, [*list_typed_warnings(typed), *_warn_of_origins(origins)])


def _warn_of_origins(origins: Sequence[str]) -> list[str]:
    if len(origins) < 2:
        return []
    listed = ", ".join(map(escape_unprintable, origins))
    return [f"requests to {len(origins)} hosts meet in one mock server, which does not compare hosts: {listed}"]


def _plan(store: Store, draft: MockServerDraft) -> tuple[MockServer, Environment | None]:
    """Return the mock server without a collection, and the environment of its URL; neither is saved yet."""
    mock = _build_mock_server(store, draft)
    check_names(store, mock)
    check_public(store, mock)
    return mock, None if draft.save_url is None else environment_for_url(store, mock, draft.save_url)


def _build_mock_server(store: Store, draft: MockServerDraft) -> MockServer:
    now = time.time()
    taken = {one.slug for one in store.mock_servers.list()}
    slug = find_free_name(slug_from_name(draft.name), taken, "-") if draft.slug is None else draft.slug
    return MockServer(
        new_id(),
        draft.name,
        slug,
        "",
        now,
        now,
        environment_id=None if draft.environment is None else find_environment(store, draft.environment).id,
        private=draft.private,
        behaviour=draft.behaviour,
        matching=draft.matching,
        cors=draft.cors,
        rewrite_bodies=draft.rewrite_bodies,
        log_limit=draft.log_limit,
    )
