"""Cells of tables that are printed alike everywhere: times, ids and statuses."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from understudy.proxy.cli.tables.table import Short
from understudy.proxy.cli.terminal_text import Styled, choose_status_style, find_width

if TYPE_CHECKING:
    from understudy.store.model.ids import IdKind
    from understudy.store.repositories.store import Store

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""In English, whatever the language of the machine, like all that is printed."""


def local_time(seconds: float | None) -> str:
    """Return a time for people, in this machine's time zone."""
    return "" if seconds is None else _locally(seconds).strftime("%Y-%m-%d %H:%M:%S")


def time_cell(seconds: float | None) -> Short:
    """Return a time; terminals show that of today without its day, one of this year without its year."""
    return Short("", "") if seconds is None else Short(local_time(seconds), shorten_time(seconds, time.time()))


def shorten_time(seconds: float, now: float) -> str:
    """Return a time in seconds since the epoch as `14:03:22`, `Nov 29 14:03` or `2025-11-29 14:03`, seen from `now`."""
    at, today = _locally(seconds), _locally(now)
    if at.date() == today.date():
        return at.strftime("%H:%M:%S")
    day = f"{MONTHS[at.month - 1]} {at.day:>2}" if at.year == today.year else at.strftime("%Y-%m-%d")
    return f"{day} {at:%H:%M}"


def id_cells(store: Store, kind: IdKind, ids: Sequence[str]) -> list[Short]:
    """Return ids; terminals show the shortest ends of them that are enough to find what has them."""
    endings = {} if find_width() is None else store.ids.shorten(kind, ids)
    return [Short(id, endings.get(id, id)) for id in ids]


def show_id(store: Store, kind: IdKind, id: str) -> str:
    """Return an id as it is printed in a sentence: on a terminal its shortest end that is enough."""
    cell = id_cells(store, kind, [id])[0]
    return cell.whole if find_width() is None else cell.short


def status_cell(status: int) -> Styled:
    """Return a status in the colour of its class."""
    return Styled(str(status), choose_status_style(status))


def _locally(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds).astimezone()
