"""The table of history entries: on a terminal with paths for URLs, and a column for hosts if these differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from understudy.proxy.cli.output import print_table
from understudy.proxy.cli.tables.cells import status_cell, time_cell
from understudy.proxy.cli.tables.table import PATH_WIDTH, Cell, Column, Cut, Short
from understudy.proxy.cli.terminal_text import Styled, find_width, print_line
from understudy.store.model.messages import measure_body

if TYPE_CHECKING:
    from understudy.proxy.operations.recordings.history import HistoryEntry

LONGEST_ERROR = 60
NO_ENTRIES = "No exchanges."


def print_entries(entries: Sequence[HistoryEntry]) -> None:
    """Print history entries as a table, and on a terminal the one upstream of all of them."""
    upstreams = {str(entry.exchange.request.origin or "") for entry in entries}
    shows_hosts = find_width() is not None and len(upstreams) > 1
    rows = [list(_make_row(entry, shows_host=shows_hosts)) for entry in entries]
    print_table(list(_list_columns(entries, shows_hosts=shows_hosts)), rows, NO_ENTRIES)
    if find_width() is not None and len(upstreams) == 1 and (upstream := upstreams.pop()):
        print_line(f"All of them went to {upstream}.", err=True)


def _list_columns(entries: Sequence[HistoryEntry], *, shows_hosts: bool) -> Iterator[Column]:
    longest_method = max((len(entry.exchange.request.method) for entry in entries), default=0)
    yield Column("ENTRY")
    yield Column("TIME", drop=1)
    yield Column("SESSION", Cut.END, drop=4)
    if shows_hosts:
        yield Column("HOST", Cut.MIDDLE)
    yield Column("REQUEST", Cut.MIDDLE, least=longest_method + 1 + PATH_WIDTH)
    yield Column("STATUS", Cut.END, least=len("failed:…"))
    yield Column("BYTES", drop=2)
    yield Column("MS", drop=3)


def _make_row(entry: HistoryEntry, *, shows_host: bool) -> Iterator[Cell]:
    from understudy.proxy.operations.views.recordings import measure_milliseconds

    exchange = entry.exchange
    request, response = exchange.request, exchange.response
    yield exchange.id
    yield time_cell(exchange.timings.started)
    yield entry.session
    if shows_host:
        yield request.origin.authority if request.origin else "-"
    path = entry.url.removeprefix(str(request.origin or "")) or "/"
    yield Short(f"{request.method} {entry.url}", f"{request.method} {path}")
    yield _make_status(entry)
    yield measure_body(response.body) if response else None
    yield measure_milliseconds(exchange)


def _make_status(entry: HistoryEntry) -> Cell:
    exchange = entry.exchange
    if exchange.response and not exchange.has_failed:
        return status_cell(exchange.response.status)
    error = exchange.error or "no response"
    return Styled(f"failed: {error if len(error) <= LONGEST_ERROR else error[: LONGEST_ERROR - 1] + '…'}", "red")
