"""mountebank: one imposter, a predicate for each request, nothing recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.load.pairs import Pair
from bench.peers import npm
from bench.peers.peer import Bodies, Launch, Peer, Place
from bench.programs import find_free_port


def _launch(place: Place, pairs: Sequence[Pair]) -> Launch:
    imposter = {"protocol": "http", "port": place.port, "stubs": [_answer(pair) for pair in pairs]}
    config = place.write("imposters.json", json.dumps({"imposters": [imposter]}))
    options: list[str | Path] = [
        "--configfile",
        config,
        "--noParse",
        "--nologfile",
        "--loglevel",
        "error",
        "--localOnly",
    ]
    admin = ["--host", "127.0.0.1", "--port", str(find_free_port())]
    return Launch(["node", place.installed / "bin" / "mb", "start", *options, *admin])


def _answer(pair: Pair) -> dict[str, Any]:
    predicates: list[dict[str, Any]] = [{"equals": {"method": pair.method, "path": pair.target}}]
    if pair.body:
        predicates.append({"deepEquals": {"body": json.loads(pair.body)}})
    response = {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": pair.answer}
    return {"predicates": predicates, "responses": [{"is": response}]}


MOUNTEBANK = Peer("mountebank", npm.package("mountebank", "2.9.1"), npm.version, _launch, bodies=Bodies.VALUES)
