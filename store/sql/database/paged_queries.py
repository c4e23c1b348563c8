"""Read one page of a list: the condition, the order and the limit that `PageRequest` stands for, in SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Transaction

from understudy.store.repositories.paging import Item, Key, Page, PageRequest

LARGEST_LIMIT = 2**31

OrderColumn = ColumnElement[Any] | InstrumentedAttribute[Any]


def read_page(
    tx: Transaction,
    query: Select[Any],
    order: Sequence[OrderColumn],
    request: PageRequest[Key],
    build: Callable[..., Item],
    get_key: Callable[[Item], Key],
) -> Page[Item, Key]:
    """Return a page of what a query without order selects.

    `order` are the columns of the key, which no two rows share. `build` makes an item of the values of a row, and
    `get_key` returns the key of an item: one value for one column, else a tuple.
    """
    backward, bound = request.is_backward, request.before if request.is_backward else request.after
    chosen = query.order_by(*(column.desc() for column in order) if backward else order)
    if bound is not None:
        chosen = chosen.where(_is_beyond(order, bound, backward=backward))
    limit = request.limit and min(request.limit, LARGEST_LIMIT)
    if limit is not None:
        chosen = chosen.limit(limit + 1)  # one more shows whether the list goes on
    items = [build(*row) for row in tx.execute(chosen)]
    goes_on = limit is not None and len(items) > limit
    items = items[:limit]
    if not items:
        return Page(items)
    begins = bound is not None and _has_rows(tx, query, order, get_key(items[0]), before=not backward)
    if backward:
        items.reverse()
    has_previous, has_next = (goes_on, begins) if backward else (begins, goes_on)
    return Page(items, get_key(items[0]) if has_previous else None, get_key(items[-1]) if has_next else None)


def _has_rows(tx: Transaction, query: Select[Any], order: Sequence[OrderColumn], key: object, *, before: bool) -> bool:
    """Return whether the list has rows before, or after, a key."""
    one = query.with_only_columns(order[0], maintain_column_froms=True).limit(1)
    return tx.execute(one.where(_is_beyond(order, key, backward=before))).first() is not None


def _is_beyond(order: Sequence[OrderColumn], key: Any, *, backward: bool) -> ColumnElement[bool]:
    # Several columns are compared as a row value, which an index on them answers.
    place: Any = order[0] if len(order) == 1 else tuple_(*order)
    bound: Any = key if len(order) == 1 else tuple_(*key)
    condition: ColumnElement[bool] = place < bound if backward else place > bound
    return condition
