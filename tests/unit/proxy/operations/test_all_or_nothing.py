"""Each operation that changes something is one transaction: when its last step fails, the store is as it was.

Only deletions of much are several."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.factories.messages import make_example, make_response
from tests.factories.stored import EVERYTHING, collect, make_call, make_exchange, make_server_error, serve
from understudy.proxy.operations.collections import collections, environments, examples
from understudy.proxy.operations.collections.examples import ExampleChanges, ExampleDraft
from understudy.proxy.operations.collections.request_lines import Typed, typed_request
from understudy.proxy.operations.mock_servers import keys, mock_servers, server_errors
from understudy.proxy.operations.mock_servers.create_mock_server import MockServerDraft, create_mock_server
from understudy.proxy.operations.mock_servers.mock_servers import MockServerChanges
from understudy.proxy.operations.mock_servers.mock_sources import ExistingCollection, RecordedHistory, TypedRequests
from understudy.proxy.operations.recordings.promotion import save_exchange
from understudy.store.model.collections import Environment
from understudy.store.model.values import replace
from understudy.store.redaction.settings import make_recording_redactor
from understudy.store.repositories.mock_servers import CallFilter
from understudy.store.repositories.store import Store

Operation = Callable[[Store], object]

URL = {"base": "http://127.0.0.1:4000/mocks/shop"}
DRAFT = ExampleDraft(typed_request(Typed("GET", "/b")), make_response())
WITH_URL = MockServerDraft("new", save_url="base")
CREATE = partial(create_mock_server, draft=WITH_URL, actor="ada")


def save_document(store: Store) -> None:
    before = examples.read_example(store, "one")
    document = "name: two\n=== request ===\nGET /users/7\n\n\n=== response ===\n200\n\nhello\n"
    examples.save_document(store, before, document, actor="ada")


def save_answer(store: Store) -> None:
    save_exchange(store, make_exchange(), "new", name=None, keep_secrets=False, actor="ada")


# Each operation, and the step that is its last.
OPERATIONS: list[tuple[Operation, str]] = [
    (partial(collections.create_collection, name="new", variables={}, actor="ada"), "collections.create"),
    (
        partial(collections.set_collection_variables, collection="shop", new={"a": "1"}, actor="ada"),
        "collections.set_variables",
    ),
    (partial(environments.set_variables, environment="new", new={"a": "1"}, actor="ada"), "environments.save"),
    (partial(environments.remove_variables, environment="stage", names=["base"], actor="ada"), "environments.save"),
    (partial(environments.delete_environment, environment="stage", actor="ada"), "trash.put_environment"),
    (partial(examples.add_example, collection="shop", draft=DRAFT, actor="ada"), "collections.update"),
    (
        partial(examples.change_example, example="one", changes=ExampleChanges(status=404), actor="ada"),
        "collections.save_example",
    ),
    (save_document, "collections.save_example"),
    (save_answer, "collections.update"),
    (partial(examples.delete_example, example="one", actor="ada"), "trash.put_example"),
    (partial(CREATE, source=ExistingCollection("shop")), "environments.save"),
    (partial(CREATE, source=TypedRequests([(Typed("GET", "/b", 200), b"")])), "environments.save"),
    (partial(CREATE, source=RecordedHistory(EVERYTHING)), "environments.save"),
    (
        partial(mock_servers.change_mock_server, mock="shop", changes=MockServerChanges(slug="new"), actor="ada"),
        "environments.save",
    ),
    (partial(mock_servers.restart_sequences, mock="shop", actor="ada"), "mock_servers.restart_sequences"),
    (partial(mock_servers.set_policy, forbid_public=True, actor="ada"), "settings.set"),
    (
        partial(
            server_errors.add_server_error,
            mock="shop",
            name="new",
            response=make_response(503),
            activate=True,
            actor="ada",
        ),
        "mock_servers.save",
    ),
    (
        partial(server_errors.delete_server_error, mock="shop", error="down", actor="ada"),
        "trash.put_server_error",
    ),
    (partial(server_errors.activate_server_error, mock="shop", error="down", actor="ada"), "mock_servers.save"),
    (partial(server_errors.deactivate_server_error, mock="shop", actor="ada"), "mock_servers.save"),
    (partial(keys.create_key, name="new", actor="ada"), "keys.add"),
    (partial(keys.revoke_key, key="ci", actor="ada"), "keys.revoke"),
]
IDS = [f"{number} {step}" for number, (_, step) in enumerate(OPERATIONS)]
# They take several transactions, so that no recorder waits; tests/contract/test_maintenance.py interrupts them.
DELETIONS: list[Operation] = [
    partial(collections.delete_collection, collection="idle", actor="ada"),
    partial(mock_servers.delete_mock_server, mock="shop", actor="ada"),
]


@pytest.fixture(autouse=True)
def filled(store: Store) -> None:
    """One of everything: what is not used by anything else is called idle, stage or ci."""
    shop = collect(store, make_example("/users/7", name="one"))
    store.collections.create("idle")
    store.environments.save(Environment("e", "stage", URL))
    mock = serve(store, shop)
    error, active = make_server_error(mock), make_server_error(mock, "active")
    store.mock_servers.save_server_error(error)
    store.mock_servers.save_server_error(active)
    store.mock_servers.save(replace(mock, server_error_id=active.id))
    store.calls.add([make_call(mock)], {mock.id: 100})
    store.history.add([make_exchange(store.sessions.create("s", None).id)])
    keys.create_key(store, "ci", actor="ada")
    make_recording_redactor(store)  # creates its key, which stays


def fail_after(store: Store, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Let this method of a repository do its work, then raise."""
    repository, _, method = step.partition(".")
    owner = getattr(store, repository)
    work = getattr(owner, method)

    def work_and_fail(*arguments: Any, **named: Any) -> None:
        work(*arguments, **named)
        raise RuntimeError("the last step fails")

    monkeypatch.setattr(owner, method, work_and_fail)


def read_everything(store: Store) -> list[Any]:
    shop = store.collections.find("shop")
    mock = store.mock_servers.find("shop")
    return [
        store.changes.get_latest(),
        store.collections.list_summaries(),
        store.collections.list_items(shop.id),
        store.collections.list_examples(shop.id),
        store.environments.list(),
        store.mock_servers.list(),
        store.mock_servers.list_server_errors(mock.id),
        store.keys.list(),
        store.calls.count(CallFilter(mock.id)),
        mock_servers.read_policy(store),
    ]


@pytest.mark.parametrize(("operation", "step"), OPERATIONS, ids=IDS)
def test_an_operation_whose_last_step_fails_leaves_the_store_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch, operation: Operation, step: str
) -> None:
    before = read_everything(store)
    fail_after(store, monkeypatch, step)
    with pytest.raises(RuntimeError, match="the last step fails"):
        operation(store)
    assert read_everything(store) == before


@pytest.mark.parametrize(
    "operation", [*(operation for operation, _ in OPERATIONS), *DELETIONS], ids=[*IDS, "collection", "mock server"]
)
def test_every_change_of_an_operation_has_its_actor(store: Store, operation: Operation) -> None:
    before = store.changes.get_latest()
    operation(store)
    changes = store.changes.list_since(before) or ()
    assert {change.actor for change in changes} == {"ada"}
