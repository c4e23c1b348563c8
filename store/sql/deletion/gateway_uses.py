"""What the gateways that run use of a store: it must not be deleted under them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from understudy.store.errors import Conflict, Hint
from understudy.store.model.gateways import Mode
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.living_gateways import build_living_condition

RECORDING = tuple(mode for mode in Mode if mode.is_recording)


def check_unused(tx: Session, column: InstrumentedAttribute[str | None], id_: str, what: str, which: str) -> None:
    """Raise Conflict if a running gateway has this id in a column of its row."""
    name = tx.scalar(select(t.GatewayRow.name).where(column == id_, build_living_condition()).limit(1))
    if name is not None:
        hint = Hint("switch_gateway", {"gateway": name})
        raise Conflict(f"gateway {name} is using {what} {which}", what=what, which=which, hint=hint)


def build_free_condition() -> ColumnElement[bool]:
    """Return the condition on exchanges that no running gateway replays them, or may still record to them.

    A gateway that records adds messages to the WebSockets of its session.
    """
    row = t.ExchangeRow
    is_left = row.session_number.not_in(_select_sessions(Mode.REPLAY))
    is_no_websocket = or_(row.status.is_(None), row.status != 101)
    return and_(is_left, or_(is_no_websocket, row.session_number.not_in(_select_sessions(*RECORDING))))


def check_free(tx: Session, condition: ColumnElement[bool]) -> None:
    """Raise Conflict if one of the exchanges that fit is not free."""
    session, exchange = t.SessionRow, t.ExchangeRow
    used = select(session.id, session.name).join(exchange, exchange.session_number == session.number)
    found = tx.execute(used.where(condition, ~build_free_condition()).limit(1)).one_or_none()
    if found is not None:
        check_unused(tx, t.GatewayRow.session_id, found.id, "session", found.name)


def find_earliest_start(database: Database) -> float | None:
    """Return when the first of the running gateways started, in seconds since the epoch; None if none runs."""
    with database.begin_read() as tx:
        return tx.scalar(select(func.min(t.GatewayRow.started_at)).where(build_living_condition()))


def _select_sessions(*modes: Mode) -> Any:
    used = t.GatewayRow.session_id == t.SessionRow.id
    return select(t.SessionRow.number).where(
        used, t.GatewayRow.mode.in_([mode.value for mode in modes]), build_living_condition()
    )
