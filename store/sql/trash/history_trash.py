"""Sessions and entries of history in the trash: they stay in their tables, with the number of their deletion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select, text, update
from sqlalchemy.orm import Session as Transaction
from sqlalchemy.orm import aliased

from understudy.store.repositories.trash import Amount, Deletion, DeletionKind, DeletionState, Restored
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import IDS_PER_QUERY, Database
from understudy.store.sql.deletion.exchange_deletion import delete_exchanges
from understudy.store.sql.deletion.gateway_uses import check_free, check_unused
from understudy.store.sql.deletion.pieces import Pieces
from understudy.store.sql.deletion.search_index_deletion import retire_search_index
from understudy.store.sql.deletion.unused_bodies import sweep_unused_bodies
from understudy.store.sql.lookup.find_by_name import require_row
from understudy.store.sql.trash.amounts import measure_exchanges
from understudy.store.sql.trash.deletions import begin_deletion, end_deletion, raise_deleted, set_state
from understudy.store.sql.trash.restored_names import find_restored_name

_INDEXED = text("select 1 from sqlite_master where name = 'history_search'")
_COUNT_INDEXED = "select count(*) from history_search_docsize where id in ({})"

RANGES_PER_QUERY = 200
_row = t.KeptExchangeRow


def measure_session(database: Database, session_id: str) -> Amount:
    """Return how much a session is; raise NotFound."""
    with database.begin_read() as tx:
        session = _get_session(tx, session_id)
        return measure_exchanges(tx, t.ExchangeRow.session_number == session.number)


def measure_entries(database: Database, ids: Sequence[int]) -> Amount:
    """Return how much entries are."""
    total = Amount({"exchanges": 0, "promoted": 0})
    with database.begin_read() as tx:
        for start in range(0, len(ids), IDS_PER_QUERY):
            some = measure_exchanges(tx, t.ExchangeRow.id.in_(ids[start : start + IDS_PER_QUERY]))
            counts = {name: number + some.counts[name] for name, number in total.counts.items()}
            total = Amount(counts, total.size + some.size)
    return total


def put_session(database: Database, session_id: str) -> Deletion:
    """Delete a session: it is gone at once, and its exchanges are marked then."""
    amount = measure_session(database, session_id)
    with database.begin_write() as tx:
        session = _get_session(tx, session_id)
        check_unused(tx, t.GatewayRow.session_id, session_id, "session", session.name)
        details = {"number": session.number}
        state = DeletionState.DELETING
        deletion = begin_deletion(
            tx, DeletionKind.SESSION, session.name, session_id, amount, state=state, details=details
        )
        kept = t.KeptSessionRow
        tx.execute(update(kept).where(kept.number == session.number).values(deletion=deletion.number))
    return complete_deletion(database, deletion)


def put_entries(database: Database, ids: Sequence[int]) -> Deletion:
    """Delete entries, which disappear piece by piece."""
    amount, ordered = measure_entries(database, ids), sorted(set(ids))
    with database.begin_write() as tx:
        _check_free_entries(tx, ordered)
        name = f"entry {ordered[0]}" if len(ordered) == 1 else f"entries {ordered[0]} to {ordered[-1]}"
        details = {"ranges": _to_ranges(ordered)}
        state = DeletionState.DELETING
        deletion = begin_deletion(tx, DeletionKind.ENTRIES, name, None, amount, state=state, details=details)
    return complete_deletion(database, deletion)


def complete_deletion(database: Database, deletion: Deletion) -> Deletion:
    """Mark the exchanges of a deletion that are not marked yet."""
    for condition in _build_conditions(deletion):
        _mark(database, condition & _row.deletion.is_(None), deletion.number)
    return set_state(database, deletion.number, DeletionState.DELETED)


def restore(database: Database, deletion: Deletion) -> Restored:
    """Undo a deletion; a session is there again when all of its exchanges are."""
    if deletion.kind is DeletionKind.ENTRIES:
        with database.begin_read() as tx:
            _check_sessions(tx, deletion.number)
    set_state(database, deletion.number, DeletionState.RESTORING)
    _unmark(database, deletion.number)
    with database.begin_write() as tx:
        name = _restore_session(tx, deletion) if deletion.kind is DeletionKind.SESSION else deletion.name
        end_deletion(tx, deletion.number)
    return Restored(deletion, name)


def forget(database: Database, deletion: Deletion) -> None:
    """Delete the exchanges of a deletion, and of a session all that were deleted before it."""
    number = deletion.details.get("number")
    delete_exchanges(
        database, _row.deletion == deletion.number if number is None else _row.session_number == number, _row
    )
    sweep_unused_bodies(database)
    with database.begin_write() as tx:
        if number is not None:
            tx.execute(delete(t.KeptSessionRow).where(t.KeptSessionRow.number == number))
            _end_emptied(tx)
        end_deletion(tx, deletion.number)


def _end_emptied(tx: Transaction) -> None:
    """End the deletions of entries of which none is left, because their session is deleted for ever."""
    has_entry = exists().where(_row.deletion == t.DeletionRow.number)
    is_whole = (t.DeletionRow.kind == DeletionKind.ENTRIES) & (t.DeletionRow.state == DeletionState.DELETED)
    tx.execute(delete(t.DeletionRow).where(is_whole, ~has_entry))


def _get_session(tx: Transaction, session_id: str) -> t.SessionRow:
    row = tx.scalars(select(t.SessionRow).where(t.SessionRow.id == session_id)).one_or_none()
    return require_row(row, "session", session_id)


def _check_free_entries(tx: Transaction, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), IDS_PER_QUERY):
        check_free(tx, t.ExchangeRow.id.in_(ids[start : start + IDS_PER_QUERY]))


def _check_sessions(tx: Transaction, number: int) -> None:
    """Raise Conflict if one of the sessions that entries belong to is in the trash."""
    session = t.KeptSessionRow
    own = select(_row.session_number).where(_row.deletion == number)
    other = tx.scalar(select(session.deletion).where(session.number.in_(own), session.deletion.is_not(None)).limit(1))
    if other is not None:
        raise_deleted(tx, other, "session")


def _restore_session(tx: Transaction, deletion: Deletion) -> str:
    row = t.KeptSessionRow
    name = find_restored_name(tx, t.SessionRow.name, deletion.name)
    tx.execute(update(row).where(row.deletion == deletion.number).values(deletion=None, name=name))
    return name


def _mark(database: Database, condition: ColumnElement[bool], number: int) -> None:
    pieces, marked = Pieces(database, most=2_000), 1
    while marked:
        size = pieces.choose_size()
        with pieces.write() as tx:
            some = select(_row.id).where(condition).limit(size)
            marked = tx.execute(update(_row).where(_row.id.in_(some)).values(deletion=number)).rowcount


def _unmark(database: Database, number: int) -> None:
    pieces, is_done = Pieces(database, most=IDS_PER_QUERY), False
    while not is_done:
        size = pieces.choose_size()
        with pieces.write() as tx:
            ids = tx.scalars(select(_row.id).where(_row.deletion == number).limit(size)).all()
            _free_repeated(tx, ids)
            tx.execute(update(_row).where(_row.id.in_(ids)).values(deletion=None))
            _retire_index_without(tx, ids)
        is_done = not ids


def _free_repeated(tx: Connection, ids: Sequence[int]) -> None:
    """Take the recorder's key from exchanges that were recorded or imported again since they were deleted."""
    other = aliased(_row)
    again = exists().where(other.started_at == _row.started_at, other.key == _row.key, other.deletion.is_(None))
    tx.execute(update(_row).where(_row.id.in_(ids), again).values(key=None))


def _retire_index_without(tx: Connection, ids: Sequence[int]) -> None:
    """Let the next search build its index again if restored exchanges are not in it: it goes on after the last one."""
    if not ids or tx.scalar(_INDEXED) is None:
        return
    listed = ", ".join(map(str, ids))
    if tx.scalar(text(_COUNT_INDEXED.format(listed))) < len(ids):
        retire_search_index(tx)


def _build_conditions(deletion: Deletion) -> Iterator[ColumnElement[bool]]:
    if deletion.kind is DeletionKind.SESSION:
        yield _row.session_number == deletion.details["number"]
        return
    ranges = deletion.details["ranges"]
    for start in range(0, len(ranges), RANGES_PER_QUERY):
        yield or_(*(_row.id.between(first, last) for first, last in ranges[start : start + RANGES_PER_QUERY]))


def _to_ranges(ordered: Sequence[int]) -> list[list[int]]:
    ranges = [[ordered[0], ordered[0]]]
    for before, number in pairwise(ordered):
        if number == before + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges
