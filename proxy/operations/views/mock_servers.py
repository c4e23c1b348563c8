"""Mock servers, their server errors, their keys and the policy for public ones as JSON."""

from __future__ import annotations

from typing import Any

from understudy.proxy.operations.mock_servers.keys import NewKey
from understudy.proxy.operations.mock_servers.mock_server_urls import urls
from understudy.proxy.operations.mock_servers.mock_servers import MockServerDetails, PublicPolicy
from understudy.proxy.operations.mock_servers.server_errors import ServerErrors
from understudy.proxy.operations.views.behaviours import behaviour_json, matching_json
from understudy.proxy.operations.views.messages import body_json, headers_json, iso_time, require_bytes
from understudy.store.model.mock_servers import ApiKey, MockServer, ServerError


def mock_server_json(details: MockServerDetails) -> dict[str, Any]:
    """Return a mock server with all its settings and the names of what it uses."""
    mock = details.mock
    return {
        "id": mock.id,
        "name": mock.name,
        "slug": mock.slug,
        "url": urls(mock)[0],
        "host_url": urls(mock)[1],
        "collection": details.collection,
        "environment": details.environment,
        "private": mock.private,
        **behaviour_json(mock.behaviour),
        "matching": matching_json(mock.matching),
        "server_error": details.active_error,
        "server_errors": details.errors,
        "cors": mock.cors,
        "rewrite_bodies": mock.rewrite_bodies,
        "log_limit": mock.log_limit,
        "created_at": iso_time(mock.created_at),
        "updated_at": iso_time(mock.updated_at),
    }


def server_errors_json(known: ServerErrors) -> list[dict[str, Any]]:
    """Return the server errors of a mock server."""
    return [server_error_json(known.mock, error) for error in known.errors]


def server_error_json(mock: MockServer, error: ServerError) -> dict[str, Any]:
    """Return a server error, and whether it is the active one of its mock server."""
    return {
        "id": error.id,
        "name": error.name,
        "status": error.response.status,
        "active": error.id == mock.server_error_id,
        "headers": headers_json(error.response.headers),
        **body_json(require_bytes(error.response.body)),
    }


def key_json(key: ApiKey) -> dict[str, Any]:
    """Return a key without its secret text."""
    return {"id": key.id, "name": key.name, "ending": key.ending, "created_at": iso_time(key.created_at)}


def new_key_json(key: NewKey) -> dict[str, Any]:
    """Return a key with its secret text, as it is shown once."""
    return {**key_json(key.kept), "key": key.text}


def policy_json(policy: PublicPolicy) -> dict[str, Any]:
    """Return the policy for public mock servers, and the names of those that are public."""
    return {"public": "forbid" if policy.forbidden else "allow", "public_mock_servers": list(policy.public)}
