"""Gateways and their states as rows."""

from __future__ import annotations

from understudy.store.model.gateways import Gateway, GatewayState, Mode
from understudy.store.sql.database import tables as t
from understudy.store.sql.mapping.body_rows import Columns
from understudy.store.sql.mapping.message_rows import origin_from_text, origin_to_text


def gateway_to_columns(gateway: Gateway) -> Columns:
    """Return the columns of a gateway."""
    return {
        "id": gateway.id,
        "name": gateway.name,
        "pid": gateway.pid,
        "listen": gateway.listen,
        "upstream": origin_to_text(gateway.upstream),
        **gateway_state_to_columns(gateway.desired_state),
        "started_at": gateway.started_at,
        "heartbeat": gateway.heartbeat,
        "seen_revision": gateway.seen_revision,
        "lost": gateway.lost,
    }


def gateway_from_row(row: t.GatewayRow) -> Gateway:
    """Return the gateway of a row."""
    return Gateway(
        id=row.id,
        name=row.name,
        pid=row.pid,
        listen=row.listen,
        upstream=origin_from_text(row.upstream),
        desired_state=gateway_state_from_row(row),
        started_at=row.started_at,
        heartbeat=row.heartbeat,
        seen_revision=row.seen_revision,
        lost=row.lost,
    )


def gateway_state_to_columns(state: GatewayState) -> Columns:
    """Return the columns that hold the desired state of a gateway."""
    return {
        "mode": state.mode,
        "collection_id": state.collection_id,
        "session_id": state.session_id,
        "mock_server_id": state.mock_server_id,
    }


def gateway_state_from_row(row: t.GatewayRow) -> GatewayState:
    """Return the desired state of a gateway."""
    return GatewayState(Mode(row.mode), row.collection_id, row.session_id, row.mock_server_id)
