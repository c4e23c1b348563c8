"""Mockoon CLI: a data file with one route for each request; bodies are compared by rules on single values."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.load.pairs import Pair
from bench.peers import npm
from bench.peers.peer import Launch, Peer, Place


def _launch(place: Place, pairs: Sequence[Pair]) -> Launch:
    routes = [_route(pair) for pair in pairs]
    data = {
        "uuid": str(uuid.uuid4()),
        "lastMigration": 33,
        "name": "bench",
        "port": place.port,
        "hostname": "127.0.0.1",
        "routes": routes,
        "rootChildren": [{"type": "route", "uuid": route["uuid"]} for route in routes],
        "proxyMode": False,
        "cors": False,
        "headers": [],
        "data": [],
        "folders": [],
    }
    file = place.write("data.json", json.dumps(data))
    options: list[str | Path] = [
        "--data",
        file,
        "--repair",
        "--disable-log-to-file",
        "--disable-admin-api",
        "--max-transaction-logs",
        "1",
    ]
    return Launch(["node", place.installed / "bin" / "run.js", "start", *options])


def _route(pair: Pair) -> dict[str, Any]:
    response = {
        "uuid": str(uuid.uuid4()),
        "body": pair.answer,
        "statusCode": 200,
        "headers": [{"key": "Content-Type", "value": "application/json"}],
        "bodyType": "INLINE",
        "rules": [],
        "rulesOperator": "OR",
        "disableTemplating": True,
        "default": True,
    }
    return {
        "uuid": str(uuid.uuid4()),
        "type": "http",
        "method": pair.method.lower(),
        "endpoint": pair.target.lstrip("/"),
        "responses": [response],
        "responseMode": None,
    }


MOCKOON = Peer("Mockoon CLI", npm.package("@mockoon/cli", "9.9.0"), npm.version, _launch)
