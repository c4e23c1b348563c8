"""How mock servers are shown: rows for people, JSON for programs."""

from __future__ import annotations

from typing import Any

from understudy.proxy.cli.output import counted, iso_time, local_time
from understudy.store.model.mock_servers import Behaviour, Matching, MockServer
from understudy.store.repositories.store import Store

MOCK_COLUMNS = ("MOCK SERVER", "COLLECTION", "ENVIRONMENT", "ACCESS", "DELAY", "URL")

SettingRow = tuple[object, ...]


def mock_rows(store: Store) -> list[SettingRow]:
    """Table rows of all mock servers, by MOCK_COLUMNS."""
    from understudy.proxy.operations.collections.behaviour_text import delay_text
    from understudy.proxy.operations.mock_servers.mock_servers import urls

    collections = {one.collection.id: one.collection.name for one in store.collections.list_summaries()}
    environments = {one.id: one.name for one in store.environments.list()}
    return [
        (
            mock.name,
            collections.get(mock.collection_id, ""),
            environments.get(mock.environment_id or "", "-"),
            _access(mock),
            delay_text(mock.behaviour.delay),
            urls(mock)[0],
        )
        for mock in store.mock_servers.list()
    ]


def setting_rows(store: Store, mock: MockServer) -> list[SettingRow]:
    """What there is to say about one mock server: pairs of a setting and its value."""
    from understudy.proxy.operations.mock_servers.mock_servers import urls

    environment = store.environments.find(mock.environment_id).name if mock.environment_id else "none"
    errors = store.mock_servers.list_server_errors(mock.id)
    active = next((error.name for error in errors if error.id == mock.server_error_id), "none")
    path_url, host_url = urls(mock)
    return [
        ("name", mock.name),
        ("id", mock.id),
        ("slug", mock.slug),
        ("url", path_url),
        ("", host_url),
        ("collection", store.collections.find(mock.collection_id).name),
        ("environment", environment),
        ("access", _access(mock)),
        *behaviour_rows(mock.behaviour),
        *_matching_rows(mock.matching),
        ("server error", f"{active} active, {len(errors)} saved"),
        ("cors", "on" if mock.cors else "off"),
        ("call log", f"newest {counted(mock.log_limit, 'call')}"),
        ("created", local_time(mock.created_at)),
        ("updated", local_time(mock.updated_at)),
    ]


def behaviour_rows(behaviour: Behaviour) -> list[SettingRow]:
    """Pairs of what is done on purpose and how."""
    from understudy.proxy.operations.collections import behaviour_text

    return [
        ("delay", behaviour_text.delay_text(behaviour.delay)),
        ("bytes per second", behaviour_text.bytes_per_second_text(behaviour.bytes_per_second)),
        ("fault", behaviour_text.fault_text(behaviour.fault)),
        ("rate limit", behaviour_text.rate_limit_text(behaviour.rate_limit)),
        ("timing", behaviour_text.timing_text(behaviour.timing)),
    ]


def _matching_rows(matching: Matching) -> list[SettingRow]:
    usual = "as usual for its collection" if matching.distance is None else _switch(matching.distance)
    lists = {"headers": matching.headers, "ignored query": matching.ignore_query}
    lists |= {"ignored headers": matching.ignore_headers, "ignored json": matching.ignore_json}
    return [
        ("body", f"{_switch(matching.body)}{', subset' if matching.subset else ''}"),
        ("query", matching.query),
        ("wildcards", _switch(matching.wildcards)),
        ("ids", _switch(matching.ids)),
        ("distance", usual),
        *((name, ", ".join(sorted(values)) or "none") for name, values in lists.items()),
    ]


def mock_json(store: Store, mock: MockServer) -> dict[str, Any]:
    """A mock server as JSON."""
    from understudy.proxy.operations.mock_servers.mock_servers import urls

    errors = store.mock_servers.list_server_errors(mock.id)
    return {
        "id": mock.id,
        "name": mock.name,
        "slug": mock.slug,
        "url": urls(mock)[0],
        "host_url": urls(mock)[1],
        "collection": store.collections.find(mock.collection_id).name,
        "environment": store.environments.find(mock.environment_id).name if mock.environment_id else None,
        "private": mock.private,
        **behaviour_json(mock.behaviour),
        "matching": _matching_json(mock.matching),
        "server_error": next((error.name for error in errors if error.id == mock.server_error_id), None),
        "server_errors": len(errors),
        "cors": mock.cors,
        "log_limit": mock.log_limit,
        "created_at": iso_time(mock.created_at),
        "updated_at": iso_time(mock.updated_at),
    }


def behaviour_json(behaviour: Behaviour) -> dict[str, Any]:
    """What is done on purpose as JSON, in the words of the options; null for nothing."""
    from understudy.proxy.operations.collections import behaviour_text

    return {
        "delay": behaviour.delay and behaviour_text.delay_text(behaviour.delay),
        "bytes_per_second": behaviour.bytes_per_second,
        "fault": behaviour.fault and behaviour_text.fault_text(behaviour.fault),
        "rate_limit": behaviour.rate_limit and behaviour_text.rate_limit_text(behaviour.rate_limit),
        "timing": None if behaviour.timing is None else behaviour_text.timing_text(behaviour.timing),
    }


def _matching_json(matching: Matching) -> dict[str, Any]:
    return {
        "body": matching.body,
        "subset": matching.subset,
        "headers": sorted(matching.headers),
        "query": matching.query,
        "wildcards": matching.wildcards,
        "ids": matching.ids,
        "distance": matching.distance,
        "ignore_query": sorted(matching.ignore_query),
        "ignore_headers": sorted(matching.ignore_headers),
        "ignore_json": sorted(matching.ignore_json),
    }


def _access(mock: MockServer) -> str:
    return "private" if mock.private else "public"


def _switch(on: bool) -> str:
    return "on" if on else "off"
