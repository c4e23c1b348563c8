"""The table of examples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from understudy.proxy.cli.tables.cells import id_cells, status_cell
from understudy.proxy.cli.tables.table import PATH_WIDTH, Cell, Column, Cut
from understudy.store.model.ids import IdKind
from understudy.store.model.messages import measure_body
from understudy.store.model.mock_servers import PLAIN

if TYPE_CHECKING:
    from understudy.store.model.collections import Example
    from understudy.store.repositories.store import Store


def choose_columns(examples: Sequence[Example]) -> list[Column]:
    """Return the columns; the names of examples have room for a method, a path and a status."""
    longest_method = max((len(one.request.method) for one in examples), default=0)
    return [
        Column("ID"),
        *([Column("HOST", Cut.MIDDLE, drop=4)] if _list_hosts(examples) else []),
        Column("EXAMPLE", Cut.MIDDLE, least=longest_method + 1 + PATH_WIDTH + len(" - 200")),
        Column("STATUS"),
        Column("TYPE", Cut.END, drop=3),
        Column("BYTES", drop=2),
        *([Column("TURN", drop=5)] if number_turns(examples) else []),
        Column("MARKS", Cut.END, drop=1),
    ]


def list_rows(store: Store, examples: Sequence[Example]) -> list[Sequence[Cell]]:
    """Return the rows of examples, by `choose_columns`."""
    ids = id_cells(store, IdKind.EXAMPLE, [one.id for one in examples])
    has_hosts, turns = bool(_list_hosts(examples)), number_turns(examples)
    return [
        (
            id,
            *([one.request.origin.authority if one.request.origin else "-"] if has_hosts else []),
            one.name,
            status_cell(one.response.status),
            (one.response.headers.get("content-type") or "").split(";")[0],
            measure_body(one.response.body),
            *([turns.get(one.id)] if turns else []),
            ", ".join(list_marks(one)),
        )
        for one, id in zip(examples, ids, strict=True)
    ]


def number_turns(examples: Sequence[Example]) -> dict[str, str]:
    """Return the turns of those of the examples that answer in turn, such as "2 of 3", by their ids."""
    members: defaultdict[str, list[str]] = defaultdict(list)
    for one in examples:
        if one.sequence is not None:
            members[one.sequence].append(one.id)
    several = (ids for ids in members.values() if len(ids) > 1)
    return {id: f"{number} of {len(ids)}" for ids in several for number, id in enumerate(ids, 1)}


def _list_hosts(examples: Sequence[Example]) -> set[str]:
    return {one.request.origin.authority for one in examples if one.request.origin}


def list_marks(example: Example) -> list[str]:
    """Return what is special about an example: that it was edited or has templates, and what it does on purpose."""
    from understudy.proxy.operations.views.behaviours import behaviour_json

    marks = [word for word, holds in (("edited", example.edited), ("templates", example.templates)) if holds]
    behaviour = behaviour_json(example.behaviour).items() if example.behaviour != PLAIN else ()
    return [*marks, *(f"{name.replace('_', ' ')} {value}" for name, value in behaviour if value is not None)]
