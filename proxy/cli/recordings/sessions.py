"""The commands about sessions."""

from __future__ import annotations

import time
from typing import Any

import click

from understudy.proxy.cli.options import json_option, with_store
from understudy.proxy.cli.output import iso_time, local_time, print_json, print_table
from understudy.proxy.cli.recordings.history import HISTORY_COLUMNS, exchange_rows
from understudy.store.errors import UserError
from understudy.store.repositories.history import HistoryFilter, SessionSummary
from understudy.store.repositories.store import Store


@click.group()
def sessions() -> None:
    """Named recordings."""


@sessions.command("list")
@json_option
@with_store
def list_sessions(store: Store, as_json: bool) -> None:
    """List the sessions."""
    found = store.sessions.list_summaries()
    if as_json:
        print_json([_json(summary) for summary in found])
        return
    rows = [
        (one.session.name, one.session.upstream or "-", one.exchanges, one.failed, local_time(one.last_at))
        for one in found
    ]
    columns = ("SESSION", "UPSTREAM", "EXCHANGES", "FAILED", "LAST")
    print_table(columns, rows, "No sessions yet. Record one with: understudy record --upstream URL --session NAME")


@sessions.command("show")
@click.argument("name")
@json_option
@with_store
def show_session(store: Store, name: str, as_json: bool) -> None:
    """Show the session NAME with its exchanges."""
    session = store.sessions.find(name)
    exchanges = list(store.history.select(HistoryFilter(session_id=session.id)))
    if as_json:
        failed = sum(one.has_failed for one in exchanges)
        last = exchanges[-1].timings.started if exchanges else None
        print_json(_json(SessionSummary(session, len(exchanges), failed, last)))
        return
    click.echo(f"{session.name}: recorded from {session.upstream or 'any host'} since {local_time(session.created_at)}")
    print_table(HISTORY_COLUMNS, exchange_rows(store, exchanges), "It is empty.")


@sessions.command("delete")
@click.argument("name")
@with_store
def delete_session(store: Store, name: str) -> None:
    """Delete the session NAME with its exchanges. What was promoted stays."""
    session = store.sessions.find(name)
    for gateway in store.gateways.list_living(time.time()):
        if gateway.desired_state.session_id == session.id:
            switch = f"understudy mode pass --gateway {gateway.name}"
            raise UserError(f"{gateway.name} is using session {session.name}; switch it first: {switch}")
    store.sessions.delete(session.id)
    click.echo(f"Deleted session {session.name}.")


def _json(summary: SessionSummary) -> dict[str, Any]:
    session = summary.session
    return {
        "id": session.id,
        "name": session.name,
        "upstream": str(session.upstream) if session.upstream else None,
        "created_at": iso_time(session.created_at),
        "exchanges": summary.exchanges,
        "failed": summary.failed,
        "last_at": iso_time(summary.last_at),
    }
