"""WireMock, from the npm package that ships its jar: one file of mappings, no journal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bench.load.pairs import Pair
from bench.peers import npm
from bench.peers.peer import Bodies, Launch, Peer, Place


def _launch(place: Place, pairs: Sequence[Pair]) -> Launch:
    (place.folder / "mappings").mkdir()
    place.write("mappings/all.json", json.dumps({"mappings": [_mapping(pair) for pair in pairs]}))
    jar = npm.find_file(place.installed, "build/wiremock-standalone-*.jar")
    options = ["--port", str(place.port), "--bind-address", "127.0.0.1", "--root-dir", str(place.folder)]
    return Launch(["java", "-jar", jar, *options, "--no-request-journal", "--disable-request-logging"])


def _mapping(pair: Pair) -> dict[str, Any]:
    request: dict[str, Any] = {"method": pair.method, "url": pair.target}
    if pair.body:
        request["bodyPatterns"] = [{"equalToJson": pair.body}]
    headers = {"Content-Type": "application/json"}
    return {"request": request, "response": {"status": 200, "headers": headers, "body": pair.answer}}


WIREMOCK = Peer(
    "WireMock",
    npm.package("wiremock", "3.13.2", needs="java"),
    npm.version,
    _launch,
    bodies=Bodies.VALUES,
    warm_up=6,
)
