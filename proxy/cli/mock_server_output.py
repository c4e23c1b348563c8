"""How mock servers are printed: rows of tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from understudy.proxy.cli.output import counted
from understudy.proxy.cli.tables.cells import id_cells, local_time
from understudy.proxy.cli.tables.table import NAME_WIDTH, Cell, Column, Cut
from understudy.store.model.ids import IdKind
from understudy.store.model.mock_servers import Behaviour, Matching, MockServer

if TYPE_CHECKING:
    from understudy.proxy.operations.mock_servers.mock_servers import MockServerDetails
    from understudy.store.repositories.store import Store

MOCK_COLUMNS = (
    Column("MOCK SERVER", Cut.END, least=NAME_WIDTH),
    Column("COLLECTION", Cut.END, drop=1),
    Column("ENVIRONMENT", Cut.END, drop=3),
    Column("ACCESS", drop=2),
    Column("DELAY", drop=4),
    Column("ID"),
    Column("URL", below=True),
)
SETTING_COLUMNS = (Column("SETTING"), Column("VALUE"))

ShownSetting = tuple[str, str]


def mock_rows(store: Store, found: Sequence[MockServerDetails]) -> list[Sequence[Cell]]:
    """Return the table rows of mock servers, by MOCK_COLUMNS."""
    from understudy.proxy.operations.collections.behaviour_text import delay_text
    from understudy.proxy.operations.mock_servers.mock_server_urls import urls

    ids = id_cells(store, IdKind.MOCK_SERVER, [details.mock.id for details in found])
    return [
        (
            details.mock.name,
            details.collection,
            details.environment or "-",
            _access(details.mock),
            delay_text(details.mock.behaviour.delay),
            id,
            urls(details.mock)[0],
        )
        for details, id in zip(found, ids, strict=True)
    ]


def setting_rows(details: MockServerDetails) -> list[ShownSetting]:
    """Return everything about one mock server as pairs of a setting and its value."""
    from understudy.proxy.operations.mock_servers.mock_server_urls import urls

    mock = details.mock
    path_url, host_url = urls(mock)
    return [
        ("name", mock.name),
        ("id", mock.id),
        ("slug", mock.slug),
        ("url", path_url),
        ("", host_url),
        ("collection", details.collection),
        ("environment", details.environment or "none"),
        ("access", _access(mock)),
        *behaviour_rows(mock.behaviour),
        *_matching_rows(mock.matching),
        ("server error", f"{details.active_error or 'none'} active, {details.errors} saved"),
        ("cors", _switch(mock.cors)),
        ("rewrite bodies", _switch(mock.rewrite_bodies)),
        ("call log", f"newest {counted(mock.log_limit, 'call')}"),
        ("created", local_time(mock.created_at)),
        ("updated", local_time(mock.updated_at)),
    ]


def behaviour_rows(behaviour: Behaviour) -> list[ShownSetting]:
    """Return what is done on purpose as pairs of a setting and its value."""
    from understudy.proxy.operations.collections import behaviour_text

    return [
        ("delay", behaviour_text.delay_text(behaviour.delay)),
        ("bytes per second", behaviour_text.bytes_per_second_text(behaviour.bytes_per_second)),
        ("fault", behaviour_text.fault_text(behaviour.fault)),
        ("rate limit", behaviour_text.rate_limit_text(behaviour.rate_limit)),
        ("timing", behaviour_text.timing_text(behaviour.timing)),
    ]


def _matching_rows(matching: Matching) -> list[ShownSetting]:
    lists = {"headers": matching.headers, "ignored query": matching.ignore_query}
    lists |= {"ignored headers": matching.ignore_headers, "ignored body": matching.ignore_body}
    return [
        ("body", f"{matching.body}{', subset' if matching.subset else ''}"),
        ("query", matching.query),
        ("wildcards", _switch(matching.wildcards)),
        ("ids", _choice(matching.ids)),
        ("distance", _choice(matching.distance)),
        *((name, ", ".join(sorted(values)) or "none") for name, values in lists.items()),
        ("header rule", matching.header_rule),
    ]


def _access(mock: MockServer) -> str:
    return "private" if mock.private else "public"


def _choice(on: bool | None) -> str:
    return "by each example" if on is None else _switch(on)


def _switch(on: bool) -> str:
    return "on" if on else "off"
