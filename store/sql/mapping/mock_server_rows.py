"""Mock servers, their saved server errors, their calls, and API keys as rows."""

from __future__ import annotations

from understudy.store.model.calls import KEPT_BODY, Call
from understudy.store.model.messages import Body
from understudy.store.model.mock_servers import ApiKey, MockServer, ServerError
from understudy.store.sql.database import tables as t
from understudy.store.sql.mapping.body_rows import Columns
from understudy.store.sql.mapping.json_columns import (
    behaviour_from_text,
    behaviour_to_text,
    matching_from_text,
    matching_to_text,
    switch_from_text,
)
from understudy.store.sql.mapping.message_rows import (
    request_from_head,
    request_head_to_columns,
    response_from_head,
    response_head_to_columns,
)


def mock_server_to_columns(mock: MockServer) -> Columns:
    """Return the columns of a mock server."""
    return {
        "id": mock.id,
        "name": mock.name,
        "slug": mock.slug,
        "collection_id": mock.collection_id,
        "environment_id": mock.environment_id,
        "private": mock.private,
        "behaviour": behaviour_to_text(mock.behaviour, rewrite_bodies=mock.rewrite_bodies),
        "matching": matching_to_text(mock.matching),
        "server_error_id": mock.server_error_id,
        "cors": mock.cors,
        "sequences_epoch": mock.sequences_epoch,
        "log_limit": mock.log_limit,
        "created_at": mock.created_at,
        "updated_at": mock.updated_at,
    }


def mock_server_from_row(row: t.MockServerRow) -> MockServer:
    """Return the mock server of a row."""
    return MockServer(
        id=row.id,
        name=row.name,
        slug=row.slug,
        collection_id=row.collection_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        environment_id=row.environment_id,
        private=row.private,
        behaviour=behaviour_from_text(row.behaviour),
        matching=matching_from_text(row.matching),
        server_error_id=row.server_error_id,
        cors=row.cors,
        rewrite_bodies=switch_from_text(row.behaviour, "rewrite_bodies"),
        sequences_epoch=row.sequences_epoch,
        log_limit=row.log_limit,
    )


def server_error_to_columns(error: ServerError) -> Columns:
    """Return the columns of a saved server error."""
    return {
        "id": error.id,
        "mock_server_id": error.mock_server_id,
        "name": error.name,
        **response_head_to_columns(error.response),
        "response_content": _require_bytes(error.response.body),
    }


def server_error_from_row(row: t.ServerErrorRow) -> ServerError:
    """Return the saved server error of a row."""
    return ServerError(row.id, row.mock_server_id, row.name, response_from_head(row, row.response_content))


def key_from_row(row: t.KeyRow) -> ApiKey:
    """Return the API key of a row."""
    return ApiKey(row.id, row.name, row.digest, row.ending, row.created_at)


def call_to_columns(call: Call) -> Columns:
    """Return the columns of a call without its id; each body is cut to `KEPT_BODY` bytes."""
    response = call.response
    return {
        "mock_server_id": call.mock_server_id,
        "at": call.at,
        "duration": call.duration,
        **request_head_to_columns(call.request),
        "request_content": _require_bytes(call.request.body)[:KEPT_BODY],
        "request_size": call.request_size,
        **response_head_to_columns(response),
        "response_content": None if response is None else _require_bytes(response.body)[:KEPT_BODY],
        "response_size": call.response_size,
        "example_id": call.example_id,
        "example_name": call.example_name,
        "decision": call.decision,
    }


def call_from_row(row: t.CallRow) -> Call:
    """Return the call of a row."""
    has_response = row.status is not None
    return Call(
        mock_server_id=row.mock_server_id,
        at=row.at,
        duration=row.duration,
        request=request_from_head(row, row.request_content),
        response=response_from_head(row, row.response_content or b"") if has_response else None,
        example_id=row.example_id,
        example_name=row.example_name,
        decision=row.decision,
        request_size=row.request_size,
        response_size=row.response_size,
        id=row.id,
    )


def _require_bytes(body: Body) -> bytes:
    assert isinstance(body, bytes), "the bodies of calls and server errors are bytes"
    return body
