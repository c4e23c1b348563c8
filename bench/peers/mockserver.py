"""MockServer, from the npm package that ships its jar: expectations from a file, no log of requests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bench.load.pairs import Pair
from bench.peers import npm
from bench.peers.peer import Bodies, Launch, Peer, Place

MOST = 20_000


def _launch(place: Place, pairs: Sequence[Pair]) -> Launch:
    expectations = place.write("expectations.json", json.dumps([_expectation(pair) for pair in pairs]))
    properties = {
        "logLevel": "ERROR",
        "disableLogging": "true",
        "maxExpectations": str(MOST),
        "localBoundIP": "127.0.0.1",
        "initializationJsonPath": str(expectations),
    }
    jar = npm.find_file(place.installed, "mockserver-netty-*.jar")
    settings = [f"-Dmockserver.{name}={value}" for name, value in properties.items()]
    return Launch(["java", *settings, "-jar", jar, "-serverPort", str(place.port)])


def _expectation(pair: Pair) -> dict[str, Any]:
    request: dict[str, Any] = {"method": pair.method, "path": pair.target}
    if pair.body:
        request["body"] = {"type": "JSON", "json": pair.body, "matchType": "STRICT"}
    headers = {"Content-Type": ["application/json"]}
    return {"httpRequest": request, "httpResponse": {"statusCode": 200, "headers": headers, "body": pair.answer}}


MOCKSERVER = Peer(
    "MockServer",
    npm.package("mockserver-node", "8.0.0", needs="java"),
    npm.version,
    _launch,
    bodies=Bodies.VALUES,
    warm_up=6,
)
