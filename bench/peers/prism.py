"""Prism: an OpenAPI document with one path and one example for each request. It does not choose by bodies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bench.load.pairs import Pair
from bench.peers import npm
from bench.peers.peer import Launch, Peer, Place


def _launch(place: Place, pairs: Sequence[Pair]) -> Launch:
    paths = {pair.target: {pair.method.lower(): _operation(pair)} for pair in pairs}
    document = {"openapi": "3.0.3", "info": {"title": "Bench", "version": "1"}, "paths": paths}
    file = place.write("openapi.json", json.dumps(document))
    options = ["--host", "127.0.0.1", "--port", str(place.port), "--verboseLevel", "silent"]
    return Launch(["node", place.installed / "dist" / "index.js", "mock", *options, file])


def _operation(pair: Pair) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}, "example": json.loads(pair.answer)}}
    return {"responses": {"200": {"description": "As recorded", "content": content}}}


# The last version that runs on Node 20.
PRISM = Peer("Prism", npm.package("@stoplight/prism-cli", "5.14.2"), npm.version, _launch)
