"""What a deletion would take away, for the question before it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from understudy.proxy.operations.deleting import is_undoable
from understudy.store.model.exchanges import Exchange, RedactedPlace
from understudy.store.model.messages import Request, Response
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.report import describe_redaction
from understudy.store.redaction.settings import make_display_redactor
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store
from understudy.store.repositories.trash import Amount

SEARCHED_EXCHANGES = 1_000
SEARCH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Preview:
    """A thing that is to be deleted: its kind, its name, and how much it is.

    `secrets` names those that were found in it; "" if there are none, or if nobody looked for any.
    """

    what: str
    name: str
    amount: Amount
    secrets: str = ""

    @property
    def is_undoable(self) -> bool:
        """Whether its deletion can be undone; if not, it is too much."""
        return is_undoable(self.amount)


def preview_session(store: Store, name: str) -> Preview:
    """Return what the deletion of a session would take away; raise NotFound.

    Secrets are looked for in its newest exchanges, for a second at most.
    """
    session = store.sessions.find(name)
    secrets = _find_secrets(store, HistoryFilter(session_id=session.id))
    return Preview("session", session.name, store.trash.measure_session(session.id), secrets)


def preview_entries(store: Store, ids: Sequence[int]) -> Preview:
    """Return what the deletion of entries would take away."""
    secrets = _find_secrets(store, HistoryFilter(ids=frozenset(ids[-SEARCHED_EXCHANGES:])))
    return Preview("history", "", store.trash.measure_entries(ids), secrets)


def preview_collection(store: Store, name: str) -> Preview:
    """Return what the deletion of a collection would take away; raise NotFound."""
    collection = store.collections.find(name)
    return Preview("collection", collection.name, store.trash.measure_collection(collection.id))


def preview_mock_server(store: Store, name: str) -> Preview:
    """Return what the deletion of a mock server would take away; raise NotFound."""
    mock = store.mock_servers.find(name)
    amount = store.trash.measure_calls(mock.id)
    counts = {"server_errors": len(store.mock_servers.list_server_errors(mock.id)), **amount.counts}
    return Preview("mock server", mock.name, replace(amount, counts=counts))


def preview_calls(store: Store, mock: str) -> Preview:
    """Return what clearing the log of a mock server would take away; raise NotFound."""
    found = store.mock_servers.find(mock)
    return Preview("call log", found.name, store.trash.measure_calls(found.id))


def preview_environment(store: Store, name: str) -> Preview:
    """Return what the deletion of an environment would take away; raise NotFound."""
    found = store.environments.find(name)
    return Preview("environment", found.name, Amount({"variables": len(found.variables)}))


def preview_example(store: Store, example: str, collection: str | None) -> Preview:
    """Return the example that is to be deleted; raise NotFound, and UserError when several have the name."""
    collection_id = store.collections.find(collection).id if collection else None
    found = store.collections.find_example(example, collection_id)
    return Preview("example", f"{found.name} ({found.id})", Amount())


def preview_variables(store: Store, environment: str, names: Sequence[str]) -> Preview:
    """Return the variables that are to be removed from an environment; raise NotFound for it."""
    found = store.environments.find(environment)
    return Preview("variables", f"{', '.join(names)} of environment {found.name}", Amount())


def preview_server_error(store: Store, mock: str, error: str) -> Preview:
    """Return the server error that is to be deleted; raise NotFound for its mock server."""
    return Preview("server error", f"{error} of mock server {store.mock_servers.find(mock).name}", Amount())


def _find_secrets(store: Store, criteria: HistoryFilter) -> str:
    """Return the places of secrets in some exchanges, in one line; "" if there are none."""
    redactor, deadline = make_display_redactor(store), time.monotonic() + SEARCH_SECONDS
    asked, answered = Counter[RedactedPlace](), Counter[RedactedPlace]()
    for exchange in store.history.list_newest(criteria, SEARCHED_EXCHANGES):
        in_request, in_response = _find_places(exchange, redactor)
        asked.update(in_request)
        answered.update(in_response)
        if time.monotonic() > deadline:
            break
    return describe_redaction(asked, answered) if asked or answered else ""


def _find_places(exchange: Exchange, redactor: Redactor) -> tuple[frozenset[RedactedPlace], frozenset[RedactedPlace]]:
    request, response = exchange.request, exchange.response
    _, in_request = redactor.redact_request(request, _read_small_body(request))
    in_response = redactor.redact_response(response, _read_small_body(response))[1] if response else frozenset()
    return frozenset(in_request), frozenset(in_response)


def _read_small_body(message: Request | Response) -> bytes:
    return message.body if isinstance(message.body, bytes) else b""
