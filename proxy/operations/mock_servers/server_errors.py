"""Server errors of a mock server: saved 5xx responses, one of which can be active and answer every call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from understudy.proxy.operations.deleting import Deleted, delete_at_once
from understudy.store.errors import UserError
from understudy.store.model.ids import new_id
from understudy.store.model.messages import Response
from understudy.store.model.mock_servers import MockServer, ServerError
from understudy.store.model.values import replace
from understudy.store.repositories.paging import WHOLE_LIST, Page, PageRequest
from understudy.store.repositories.store import Store

FIRST, LAST = 500, 599


@dataclass(frozen=True, slots=True)
class ServerErrors:
    """The server errors of a mock server by name, all or a page."""

    mock: MockServer
    page: Page[ServerError, str]

    @property
    def errors(self) -> Sequence[ServerError]:
        """The server errors."""
        return self.page.items


@dataclass(frozen=True, slots=True)
class MockServerError:
    """One server error, and its mock server as it is now."""

    mock: MockServer
    error: ServerError


def list_server_errors(store: Store, mock: str, request: PageRequest[str] = WHOLE_LIST) -> ServerErrors:
    """Return the server errors of a mock server, all or a page; raises NotFound."""
    found = store.mock_servers.find(mock)
    return ServerErrors(found, store.mock_servers.read_server_error_page(found.id, request))


def add_server_error(
    store: Store, mock: str, name: str, response: Response, *, activate: bool = False, actor: str
) -> MockServerError:
    """Save a response as a server error of a mock server, and activate it on request.

    Its reason phrase becomes that of its status. Raises NotFound, and UserError for a status that is not 5xx and for a
    name that is taken.
    """
    if not FIRST <= response.status <= LAST:
        raise UserError(f"takes a status from {FIRST} to {LAST}, not {response.status}", field="status")
    with store.transaction(actor):
        found = store.mock_servers.find(mock)
        error = ServerError(new_id(), found.id, name, replace(response, reason=_reason_phrase(response.status)))
        store.mock_servers.save_server_error(error)
        return MockServerError(_set_active(store, found, error.id) if activate else found, error)


def delete_server_error(
    store: Store, mock: str, error: str, *, forever: bool = False, actor: str
) -> Deleted[MockServerError]:
    """Delete a server error, which is active no more, and return what it was; raises NotFound."""
    found = _find(store, mock, error)
    put = partial(store.trash.put_server_error, found.error.id)
    return delete_at_once(store, found, put, forever=forever, actor=actor)


def activate_server_error(store: Store, mock: str, error: str, *, actor: str) -> MockServerError:
    """Let a server error answer every call to its mock server; raises NotFound."""
    with store.transaction(actor):
        found = _find(store, mock, error)
        return replace(found, mock=_set_active(store, found.mock, found.error.id))


def deactivate_server_error(store: Store, mock: str, *, actor: str) -> MockServer:
    """Let a mock server answer from its examples again; raises NotFound, and UserError when no error is active."""
    with store.transaction(actor):
        found = store.mock_servers.find(mock)
        if found.server_error_id is None:
            raise UserError(f"no server error of {found.name} is active", what="mock server", which=found.name)
        return _set_active(store, found, None)


def _set_active(store: Store, mock: MockServer, error_id: str | None) -> MockServer:
    changed = replace(mock, server_error_id=error_id)
    store.mock_servers.save(changed)
    return changed


def _find(store: Store, mock: str, text: str) -> MockServerError:
    found = store.mock_servers.find(mock)
    return MockServerError(found, store.mock_servers.find_server_error(found.id, text))


def _reason_phrase(status: int) -> bytes:
    return HTTPStatus(status).phrase.encode() if status in set(HTTPStatus) else b""
