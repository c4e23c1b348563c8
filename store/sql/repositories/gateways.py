"""Gateways in SQL: those that run, and the desired state of each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from understudy.store.errors import Conflict
from understudy.store.model.changes import Subject
from understudy.store.model.gateways import Gateway, GatewayState
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.living_gateways import build_living_condition
from understudy.store.sql.lookup.find_by_name import require_row
from understudy.store.sql.mapping.gateway_rows import (
    gateway_from_row,
    gateway_state_from_row,
    gateway_state_to_columns,
    gateway_to_columns,
)
from understudy.store.sql.repositories.changes import record_change

# The row of a gateway that was killed is deleted after a day.
STALE_ROW_SECONDS = 86_400.0


class SqlGateways:
    """`store.repositories.gateways.Gateways` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, gateway: Gateway) -> None:
        with self._database.begin_write() as tx:
            lives = build_living_condition(gateway.heartbeat)
            is_stale = t.GatewayRow.heartbeat < gateway.heartbeat - STALE_ROW_SECONDS
            tx.execute(delete(t.GatewayRow).where(is_stale, ~lives))
            # Two gateways cannot listen on one address: the earlier one was killed before it could remove its row.
            tx.execute(delete(t.GatewayRow).where(t.GatewayRow.listen == gateway.listen))
            same = tx.scalar(select(t.GatewayRow).where(t.GatewayRow.name == gateway.name))
            if same is not None:
                if tx.scalar(select(lives).where(t.GatewayRow.id == same.id)):
                    line = f"a gateway called {gateway.name!r} is running already (process {same.pid})"
                    raise Conflict(line, what="gateway", which=gateway.name)
                tx.delete(same)
                tx.flush()
            tx.add(t.GatewayRow(**gateway_to_columns(gateway)))

    def list_living(self, now: float) -> Sequence[Gateway]:
        query = select(t.GatewayRow).where(build_living_condition(now)).order_by(t.GatewayRow.name)
        with self._database.begin_read() as tx:
            return [gateway_from_row(row) for row in tx.scalars(query)]

    def record_heartbeat(self, gateway_id: str, now: float, seen_revision: int, lost: int) -> GatewayState | None:
        with self._database.begin_write() as tx:
            row = tx.get(t.GatewayRow, gateway_id)
            if row is None:
                return None
            row.heartbeat, row.seen_revision, row.lost = now, seen_revision, lost
            return gateway_state_from_row(row)

    def set_state(self, gateway_id: str, state: GatewayState) -> int:
        columns = gateway_state_to_columns(state)
        with self._database.begin_write() as tx:
            require_row(tx.get(t.GatewayRow, gateway_id), "gateway", gateway_id)
            tx.execute(update(t.GatewayRow).where(t.GatewayRow.id == gateway_id).values(**columns))
            return record_change(tx, Subject.GATEWAY, gateway_id)

    def remove(self, gateway_id: str) -> None:
        with self._database.begin_write() as tx:
            tx.execute(delete(t.GatewayRow).where(t.GatewayRow.id == gateway_id))
