"""Hoverfly, where its binary is on the PATH (no package registry has it): a simulation as a web server, no journal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.load.pairs import Pair
from bench.peers.peer import Bodies, Launch, Peer, Place, from_path, output_of
from bench.programs import find_free_port


def _launch(place: Place, pairs: Sequence[Pair]) -> Launch:
    simulation = {
        "data": {"pairs": [_pair(pair) for pair in pairs], "globalActions": {"delays": [], "delaysLogNormal": []}},
        "meta": {"schemaVersion": "v5.2", "hoverflyVersion": "v1", "timeExported": "2026-01-01T00:00:00Z"},
    }
    file = place.write("simulation.json", json.dumps(simulation))
    ports = ["-pp", str(place.port), "-ap", str(find_free_port())]
    return Launch([place.installed, "-webserver", *ports, "-import", file, "-journal-size", "0", "-log-level", "error"])


def _pair(pair: Pair) -> dict[str, Any]:
    request = {"method": [_match_exactly(pair.method)], "path": [_match_exactly(pair.target)]}
    if pair.body:
        request["body"] = [{"matcher": "json", "value": pair.body}]
    headers = {"Content-Type": ["application/json"]}
    response = {"status": 200, "body": pair.answer, "encodedBody": False, "headers": headers, "templated": False}
    return {"request": request, "response": response}


def _match_exactly(value: str) -> dict[str, str]:
    return {"matcher": "exact", "value": value}


def _version(installed: Path) -> str:
    return output_of(installed, "-version").rpartition(" ")[2]


HOVERFLY = Peer("Hoverfly", from_path("hoverfly"), _version, _launch, bodies=Bodies.VALUES)
